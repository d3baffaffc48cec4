"""The names of images in few bytes: consecutive names such as 0001.png, 0002.png, ... are stored once, as a run."""

import re
from collections.abc import Sequence

from isthmus.errors import ArchiveError, DataError

NameRun = tuple[str, int, int, str, int]
"""The text before the number, its digits, the first number, the text after it, and the number of names."""
LONGEST = 4096
"""Characters of a name, at most."""
_NUMBERED = re.compile(r"(.*?)([0-9]{1,15})([^0-9]*)", re.DOTALL)


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
    """Read the names of images.

    Args:
        runs: What `to_runs` gave.
        count: The number of images.
        most: Characters of all names together, at most.

    Raises:
        ArchiveError: If they are not runs of names, or of more or fewer names, or longer.
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


def _name(run: NameRun, place: int) -> str:
    before, digits, first, behind, _ = run
    return f"{before}{first + place:0{digits}d}{behind}" if digits else before
