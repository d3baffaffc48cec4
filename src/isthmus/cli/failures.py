"""Unexpected errors: one line for the user, and a log file with the traceback."""

import os
import platform
import shlex
import sys
import traceback
from pathlib import Path

from isthmus import __version__
from isthmus.errors import StorageError
from isthmus.progress import tell
from isthmus.storage import write_text
from isthmus.terminal import printable

TRACEBACK_VARIABLE = "ISTHMUS_TRACEBACK"
"""If it is set, the traceback is printed on standard error, and not written to the log."""
LOG = "error.log"
_MOST_LETTERS = 300


def report_failure(error: Exception) -> None:
    """Print one line about an unexpected error on standard error; the traceback goes to `error.log` in the cache.

    Where the log cannot be written, or `ISTHMUS_TRACEBACK` is set, the traceback is printed before the line.
    """
    trace = "".join(traceback.format_exception(error))
    place = None if os.environ.get(TRACEBACK_VARIABLE) else _log(trace)
    if place is None:
        tell(trace.rstrip())
    what = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    what = what if len(what) <= _MOST_LETTERS else f"{what[:_MOST_LETTERS]}..."
    evidence = "the traceback above" if place is None else f"{place}, which holds the traceback"
    tell(
        f"isthmus: unexpected error, {what}. Please report it with {evidence}; {TRACEBACK_VARIABLE}=1 prints that here."
    )


def _log(trace: str) -> Path | None:
    """Write the log, replacing the one before; None if that fails."""
    from isthmus.data.decode.cache import cache_folder

    place = cache_folder() / LOG
    about = f"isthmus {__version__}, Python {platform.python_version()}, {platform.platform()}"
    try:
        write_text(place, printable(f"{about}\n{shlex.join(sys.argv)}\n\n{trace}"))
    except StorageError:
        return None
    return place
