"""Paths of files that are valid and stay in their folder, from names of any origin."""

import os
import re
from pathlib import PurePosixPath

LONGEST_PART = 255
"""Bytes of a file name, at most."""
_LONGEST_SUFFIX = 20
_DEEPEST = 100
"""Parts of a path, at most."""
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udc7f\udd00-\udfff]")
"""Control characters, which change terminals, and surrogates that stand for no byte of a file name."""
_UNSAFE_ON_WINDOWS = re.compile(
    r"""[<>:"\\|?*\ud800-\udfff]|[. ]+$|^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)""", re.IGNORECASE
)
"""Reserved characters, endings that it drops, and the names of devices."""


def safe_path(name: str, windows: bool = os.name == "nt") -> PurePosixPath:
    """Make a relative path from an untrusted name: never outside its folder, absolute or empty.

    A valid name stays as it is.  Invalid characters become `_`, and of more than 100 parts some are left out.

    Args:
        name: The name, with `/` between its parts.
        windows: Whether the path is for Windows, where fewer names are valid.
    """
    parts = [_safe_part(part, windows) for part in name.split("/") if part not in ("", ".")]
    return PurePosixPath(*parts[: _DEEPEST - 1], *parts[_DEEPEST - 1 :][-1:]) if parts else PurePosixPath("unnamed")


def fitted(name: str, mark: str = "") -> str:
    """A file name with `mark` before its suffix, cut to `LONGEST_PART` bytes."""
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix) <= _LONGEST_SUFFIX else ""
    stem = name.removesuffix(suffix).encode("utf-8", "surrogateescape")
    room = LONGEST_PART - len(f"{mark}{suffix}".encode("utf-8", "surrogateescape"))
    return stem[:room].decode("utf-8", "ignore" if len(stem) > room else "surrogateescape") + mark + suffix


def _safe_part(part: str, windows: bool) -> str:
    if part == "..":
        return "__"
    part = _UNSAFE.sub("_", part)
    return fitted(_UNSAFE_ON_WINDOWS.sub(lambda found: "_" * len(found[0]), part) if windows else part)
