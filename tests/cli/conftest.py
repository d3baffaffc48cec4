"""The command line, run as a user does; in this process, but for what only a process of its own shows."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from commands import Outcome, run_isthmus
from few_images import few_images

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


@pytest.fixture
def few_digits():
    """Commands find a few hundred digits and sprites."""
    with few_images():
        yield


@pytest.fixture
def trained(few_digits, digits_run):
    """A run that the command line trained on few digits, and what its command printed."""
    return digits_run
