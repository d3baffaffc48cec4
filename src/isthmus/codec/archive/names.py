"""The names of images in few bytes: runs such as 0001.png, 0002.png, ... are told once."""

import os
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from isthmus.errors import ArchiveError, DataError

NameRun = tuple[str, int, int, str, int]
"""What stands before the number, its digits, the first number, what stands behind it, and how many names there are."""
LONGEST = 4096
"""Characters of a name, at most."""
LONGEST_PART = 255
"""Bytes of a file's name, at most."""
_LONGEST_SUFFIX = 20
_DEEPEST = 100
"""Parts of a path."""
_NUMBERED = re.compile(r"(.*?)([0-9]{1,15})([^0-9]*)", re.DOTALL)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udc7f\udd00-\udfff]")
"""Control characters, which steer terminals, and halves of characters that stand for no byte of a file's name."""
_UNSAFE_ON_WINDOWS = re.compile(
    r"""[<>:"\\|?*\ud800-\udfff]|[. ]+$|^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)""", re.IGNORECASE
)
"""What means something else there, what it cuts off, and the names of devices."""


def to_runs(names: Sequence[str]) -> list[NameRun]:
    """Write names as runs.

    Raises:
        DataError: If one is longer than `from_runs` takes.
    """
    runs: list[NameRun] = []
    for name in names:
        if len(name) > LONGEST:
            raise DataError(f"expected names of {LONGEST} characters at most; one has {len(name)}: {name[:60]!r}...")
        match = _NUMBERED.fullmatch(name)
        if match is None:
            runs.append((name, 0, 0, "", 1))
            continue
        before, number, behind = match.groups()
        if runs:
            last = runs[-1]
            if name == _name(last, last[4]):
                runs[-1] = (*last[:4], last[4] + 1)
                continue
        runs.append((before, len(number), int(number), behind, 1))
    return runs


def from_runs(runs: object, count: int, most: int | None = None) -> list[str]:
    """Read the names of so many images.

    Args:
        runs: What `to_runs` gave.
        count: The images.
        most: Characters of all names together, at most.

    Raises:
        ArchiveError: If they are none, more or fewer, or longer.
    """
    fault = ArchiveError(f"expected the names of {count} images; found something else.")
    if not isinstance(runs, list):
        raise fault
    names: list[str] = []
    room = most
    for run in runs:
        match run:
            case [str(before), int(digits), int(first), str(behind), int(length)]:
                inside = 0 < length <= count - len(names) and 0 <= digits <= 15 and 0 <= first < 10**15
                if not inside or len(before) + len(behind) > LONGEST:
                    raise fault
                if room is not None:
                    room -= length * (len(before) + digits + len(behind))
                    if room < 0:
                        raise fault
                names.extend(_name((before, digits, first, behind, length), i) for i in range(length))
            case _:
                raise fault
    if len(names) != count:
        raise fault
    return names


def safe_path(name: str, windows: bool = os.name == "nt") -> PurePosixPath:
    """A relative path for a name, wherever it comes from: never outside, absolute or empty.

    A name that the system takes stays as it is; what is not safe in it becomes `_`, and folders that are nested beyond
    all sense are left out.

    Args:
        name: With `/` between its parts.
        windows: Whether it is for Windows, which takes fewer names.
    """
    parts = [_safe_part(part, windows) for part in name.split("/") if part not in ("", ".")]
    return PurePosixPath(*parts[: _DEEPEST - 1], *parts[_DEEPEST - 1 :][-1:]) if parts else PurePosixPath("unnamed")


def fitted(name: str, mark: str = "") -> str:
    """A file's name with a mark before its suffix, and the rest cut where it is longer than `LONGEST_PART`."""
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


def _name(run: NameRun, place: int) -> str:
    before, digits, first, behind, _ = run
    return f"{before}{first + place:0{digits}d}{behind}" if digits else before
