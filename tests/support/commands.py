"""Commands, run in this process: the same entry point as `isthmus` has, without seconds to import a framework."""

import io
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from isthmus.cli import main


class Outcome(NamedTuple):
    """What a command printed, and its exit status; named as `subprocess.CompletedProcess` names it."""

    returncode: int
    stdout: str
    stderr: str


def run_isthmus(arguments: tuple[object, ...], folder: Path, **variables: str) -> Outcome:
    """Run `isthmus` with arguments in a folder, with these environment variables beside those that are there."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        pytest.MonkeyPatch.context() as patched,
        warnings.catch_warnings(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["isthmus", *map(str, arguments)])
        for name, value in variables.items():
            patched.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            main()
    code = end.value.code
    texts = (stream.buffer.getvalue().decode() for stream in (out, err))
    return Outcome(code if isinstance(code, int) else 0, *texts)
