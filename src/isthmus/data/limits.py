"""How much memory and cache isthmus takes: defaults that the environment changes."""

import os
import re

from isthmus.errors import DataError, UsageError
from isthmus.wording import spell_bytes

MEMORY_VARIABLE = "ISTHMUS_MEMORY"
CACHE_VARIABLE = "ISTHMUS_CACHE_LIMIT"
DEFAULT_MEMORY = 1 << 30
DEFAULT_CACHE = 50 << 30
MOST_CHANNELS = 16
"""The channels of an image at most."""
MOST_PIXELS = 89_478_485
"""The pixels of an image at most: where Pillow suspects a decompression bomb."""

_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgt])(i?))?b?\s*", re.IGNORECASE)


def memory_limit() -> int:
    """The bytes of pixels that are held in memory at most: `ISTHMUS_MEMORY`, or 1 GiB; more is read from the cache.

    Raises:
        UsageError: If the variable is no size.
    """
    return _from_environment(MEMORY_VARIABLE, DEFAULT_MEMORY)


def require_memory(size: int, what: str) -> None:
    """Check that a number of bytes may be held in memory, before they are unpacked or allocated.

    Raises:
        DataError: If they are more than `memory_limit`.
        UsageError: If the variable is no size.
    """
    if size > memory_limit():
        raise DataError(
            f"{what} takes {spell_bytes(size)} of memory, and at most {spell_bytes(memory_limit())} are allowed. Raise "
            f"the limit ({MEMORY_VARIABLE}=8GiB), or save the images as one .npy file, which is read from the disk"
        )


def cache_limit() -> int:
    """The bytes that packed images take in the cache at most: `ISTHMUS_CACHE_LIMIT`, or 50 GiB.

    Raises:
        UsageError: If the variable is no size.
    """
    return _from_environment(CACHE_VARIABLE, DEFAULT_CACHE)


def parse_bytes(text: str) -> int:
    """Read a size such as `500MB`, `2GiB` or `1073741824`.

    Raises:
        UsageError: If it is none.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"expected a size such as 500MB or 2GiB; got {text!r}")
    number, prefix, binary = match.groups()
    unit = (1024 if binary else 1000) ** ("kmgt".index(prefix.lower()) + 1) if prefix else 1
    return int(float(number) * unit)


def _from_environment(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        return parse_bytes(text)
    except UsageError as error:
        raise UsageError(f"the environment variable {variable}: {error}") from None
