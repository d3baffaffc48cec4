"""The command line, run as a user does; in this process, but for what only a process of its own shows."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from commands import Outcome, run_isthmus
from sharing import share

Isthmus = Callable[..., Outcome]


@pytest.fixture
def isthmus(tmp_path) -> Isthmus:
    """Run `isthmus` with arguments in an empty folder; standard output and standard error are kept apart."""

    def run(*arguments: object, **variables: str) -> Outcome:
        return run_isthmus(arguments, tmp_path, **{"COLUMNS": "200", **variables})

    return run


@pytest.fixture
def isthmus_process(tmp_path) -> Isthmus:
    """As `isthmus`, in a process of its own, which reads its locale and brings its own modules."""

    def run(*arguments: object, **variables: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "isthmus", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run on the embedded digits, trained by the command line: good enough to use, quick enough to wait for.

    Without the variable that the tests set to silence TensorFlow, as most users have it.
    """
    command = [sys.executable, "-m", "isthmus", "train", "digits", "--recipe", "conv-vae-fast", "--out", "run"]

    def fill(folder):
        done = subprocess.run(
            command,
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"},
            capture_output=True,
            text=True,
            check=False,
        )
        (folder / "outcome.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))

    folder = share(tmp_path_factory, "trained", fill)
    done = Outcome(*json.loads((folder / "outcome.json").read_text()))
    assert done.returncode == 0, done.stderr
    return folder / "run", done
