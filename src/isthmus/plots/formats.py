"""Picture formats, chosen by a path's suffix."""

from collections.abc import Iterable
from pathlib import Path

from isthmus.errors import UsageError


def known_suffix(path: Path, known: Iterable[str]) -> str:
    """Return the suffix of `path` in lower case without its dot.

    Raises:
        UsageError: If it is none of `known`; the message lists them.
    """
    suffix = path.suffix.lower().removeprefix(".")
    formats = list(known)
    if suffix not in formats:
        came = f"'.{suffix}'" if suffix else "no suffix"
        raise UsageError(
            f"expected '{path.name}' to end in one of {', '.join('.' + name for name in formats)}; got {came}. "
            "The suffix chooses the format."
        )
    return suffix
