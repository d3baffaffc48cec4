"""Reading what others may have made: regular files up to a size, and JSON."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

MOST_TEXT_BYTES = 64 << 20
"""The largest text file that is read where nothing declares its size."""
_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):  # each exists on some systems alone
    _FLAGS |= getattr(os, _name, 0)


def read_regular(path: Path, most: int) -> bytes:
    """Read a regular file whole; links, pipes and devices are refused, and none of them is waited for.

    Args:
        path: The file.
        most: The largest size in bytes that is read.

    Raises:
        OSError: If the file is missing or cannot be read, is not a regular file, or is larger than `most`; `strerror`
            says which.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link, which could lead to any file; put the file itself there")
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if about.st_size > most:
            raise OSError(errno.EFBIG, f"{most:,} bytes expected at most, {about.st_size:,} found")
        return file.read(about.st_size)


def parse_json(text: str | bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: If it is not valid JSON, is nested too deeply to be parsed, or holds an integer of thousands of
            digits.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:  # Python's own words advise its programmers
        raise ValueError("it holds an integer of thousands of digits") from None
