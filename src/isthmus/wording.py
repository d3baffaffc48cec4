"""The wording of messages: seconds, bytes, counts, and unknown names."""

import difflib
from collections.abc import Iterable
from itertools import islice

_LISTED = 20
"""Names in a message, at most."""


def spell_seconds(seconds: float) -> str:
    """Spell a duration: in seconds, and from two minutes on in minutes and hours."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def spell_bytes(count: int) -> str:
    """Spell a size in the largest unit that leaves a number of 1 or more."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"


def spell_count(count: int, noun: str) -> str:
    """Spell a number of things, as `1 image` and `2,000 images`.

    Args:
        count: The number.
        noun: The singular; its plural takes an s.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def spell_images(count: int, described: str) -> str:
    """Spell a number of images that are described in the plural, as `1 test image of digits`."""
    return f"{count:,} {described.replace('images', 'image', 1) if count == 1 else described}"


def no_such(what: str, name: str, known: Iterable[str]) -> str:
    """Word the error for an unknown name, with the nearest of the known names and the first ones.

    Args:
        what: The kind of name, such as `label`.
        name: The unknown name.
        known: The known names, one or more.
    """
    names = list(known)
    spelt = {other.casefold(): other for other in reversed(names)}
    near = difflib.get_close_matches(name.casefold(), spelt, n=1)
    listed = ", ".join(islice(names, _LISTED)) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    asked = f"; did you mean {spelt[near[0]]!r}? There" if near else "; there"
    return f"there is no {what} {name!r}{asked} are {listed}"


def one_line(error: object) -> str:
    """The message of another library's error on one line."""
    return " ".join(str(error).split())
