"""The command line: thin, and instant until a command has work to do."""

import errno
import io
import os
import sys
import warnings

from isthmus.errors import IsthmusError
from isthmus.progress import tell


def main() -> None:
    """Run `isthmus` with the process's arguments; exits with 0, 1 (the work failed) or 2 (the call was wrong)."""
    from isthmus.cli.app import app

    if isinstance(sys.stdout, io.TextIOWrapper):  # what its encoding has not, an ASCII-only one, is written out
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:  # None where it was closed
                sys.stdout.flush()
    except IsthmusError as error:
        tell(f"isthmus: {error}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        tell("isthmus: stopped.")
        sys.exit(130)
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


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a library's warning as any other line: it may repeat names that came with a run or with images."""
    tell(f"isthmus: warning: {message}")


def _discard_output() -> None:
    """Send what standard output still holds nowhere, or Python would fail to write it once more on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
