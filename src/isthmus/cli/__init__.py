"""The command line: thin, and instant until a command has work to do."""

import errno
import io
import os
import sys
import warnings
from typing import NoReturn

from isthmus.errors import IsthmusError
from isthmus.progress import tell


def main() -> None:
    """Run `isthmus` with the process's arguments; exits with 0, 1 (the work failed) or 2 (the call was wrong)."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # write out what its encoding lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    try:
        from isthmus.cli.app import app

        try:
            app()
        finally:
            if sys.stdout is not None:  # None where it was closed
                sys.stdout.flush()
    except IsthmusError as error:
        tell(f"isthmus: {error}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt as stop:
        _exit_stopped(stop)
    except SystemExit as end:
        cause = getattr(end.__context__, "__cause__", None)
        if isinstance(cause, KeyboardInterrupt):  # Typer exits without a word
            _exit_stopped(cause)
        raise
    except BrokenPipeError:  # somebody piped the output to `head`
        _discard_output()
        sys.exit(0)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
            _discard_output()
            tell("isthmus: the output cannot be written: no space is left. Free some, or write elsewhere.")
        else:
            from isthmus.cli.failures import report_failure

            report_failure(error)
        sys.exit(1)


def _exit_stopped(stop: KeyboardInterrupt) -> NoReturn:
    """Say that Ctrl-C stopped the command; a workflow that stored something says what, and how to continue."""
    tell(f"isthmus: {stop}" if stop.args else "isthmus: stopped.")
    sys.exit(130)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a library's warning as any other line: it may repeat names that came with a run or with images."""
    tell(f"isthmus: warning: {message}")


def _discard_output() -> None:
    """Send what standard output still holds nowhere, or Python would fail to write it once more on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
