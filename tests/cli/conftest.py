"""The command line, run as a user does: in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

Isthmus = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def isthmus(tmp_path) -> Isthmus:
    """Run `isthmus` with arguments in an empty folder; standard output and standard error are kept apart."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "isthmus", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run on the embedded digits, trained by the command line: good enough to use, quick enough to wait for.

    Without the variable that the tests set to silence TensorFlow, as most users have it.
    """
    folder = tmp_path_factory.mktemp("trained")
    done = subprocess.run(
        [sys.executable, "-m", "isthmus", "train", "digits", "--recipe", "conv-vae-fast", "--out", "run"],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "run", done
