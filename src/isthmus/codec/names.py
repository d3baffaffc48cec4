"""The names of images in few bytes: runs such as 0001.png, 0002.png, ... are told once."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from isthmus.errors import ArchiveError

Run = tuple[str, int, int, str, int]
"""What stands before the number, its digits, the first number, what stands behind it, and how many names there are."""
LONGEST = 4096
"""Characters of a name, at most."""
_NUMBERED = re.compile(r"(.*?)([0-9]{1,15})([^0-9]*)", re.DOTALL)


def to_runs(names: Sequence[str]) -> list[Run]:
    """Write names as runs."""
    runs: list[Run] = []
    for name in names:
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


def from_runs(runs: object, count: int) -> list[str]:
    """Read the names of so many images.

    Raises:
        ArchiveError: If they are none, or more or fewer.
    """
    fault = ArchiveError(f"expected the names of {count} images; found something else.")
    if not isinstance(runs, list):
        raise fault
    names: list[str] = []
    for run in runs:
        match run:
            case [str(before), int(digits), int(first), str(behind), int(length)]:
                inside = 0 < length <= count - len(names) and 0 <= digits <= 15 and 0 <= first < 10**15
                if not inside or len(before) + len(behind) > LONGEST:
                    raise fault
                names.extend(_name((before, digits, first, behind, length), i) for i in range(length))
            case _:
                raise fault
    if len(names) != count:
        raise fault
    return names


def safe_path(name: str) -> PurePosixPath:
    """The relative path that a name stands for, wherever it comes from: never outside, absolute or empty.

    Raises:
        ArchiveError: If it would be.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    unsafe = path.is_absolute() or ".." in path.parts or ":" in name or not path.name
    if unsafe or any(ord(character) < 32 for character in name) or any(len(part.encode()) > 240 for part in path.parts):
        raise ArchiveError(f"expected a name that stays within the folder; the archive has {name!r:.200}.")
    return path


def _name(run: Run, place: int) -> str:
    before, digits, first, behind, _ = run
    return f"{before}{first + place:0{digits}d}{behind}" if digits else before
