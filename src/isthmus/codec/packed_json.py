"""JSON in zlib's format, read within limits: it may be untrusted, and a short text can fill the memory."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from isthmus.errors import ArchiveError, DataError

_MOST_COUNT = 1 << 48


def to_json(value: Mapping[str, Any], what: str, *, most_bytes: int) -> bytes:
    """Compress a value as JSON.

    Raises:
        DataError: If its text has `most_bytes` or more, which readers reject.
    """
    text = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
    if len(text) >= most_bytes:
        raise DataError(f"{what} would have {len(text):,} bytes; expected fewer than {most_bytes:,}.")
    return zlib.compress(text, 9)


def from_json(content: bytes, what: str, *, most_bytes: int, most_values: int) -> dict[str, Any]:
    """Read compressed JSON.

    Args:
        content: The compressed JSON; more bytes may follow.
        what: Its name in errors.
        most_bytes: A limit that the text has to stay below.
        most_values: Values and keys in it, at most.

    Raises:
        ArchiveError: If it is damaged, too large, or not an object.
    """
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(content, most_bytes)
    except zlib.error as error:
        raise ArchiveError(f"{what} is damaged ({error}).") from None
    if not inflater.eof:
        raise ArchiveError(f"{what} is damaged: it is truncated, or has {most_bytes:,} bytes or more.")
    value = parse_limited(text, what, most_values)
    if not isinstance(value, dict):
        raise ArchiveError(f"{what} is damaged: it is not a JSON object.")
    return value


def parse_limited(text: bytes, what: str, most_values: int) -> Any:
    """Parse JSON in UTF-8.

    Args:
        text: The JSON.
        what: Its name in errors.
        most_values: Values and keys in it, at most.

    Raises:
        ArchiveError: If it is not valid JSON, nested too deeply, or has more values.
    """
    if _values(text, most_values) > most_values:
        raise ArchiveError(f"{what} is damaged: it has more than {most_values:,} values.")
    try:
        return json.loads(text.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{what} is damaged ({error}).") from None


def whole(value: object, most: int = _MOST_COUNT) -> int:
    """Check that a value of JSON is a whole number from 0 to below `most`.

    Raises:
        ValueError: If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
        raise ValueError(f"expected a whole number from 0 to below {most}; got {value!r:.40}")
    return value


def _values(text: bytes, most: int) -> int:
    """Count commas and opening brackets outside strings: at least as many as the values that a parser would create."""
    count = _separators(text)
    if count <= most:
        return count
    bare = text.replace(rb"\\", b"").replace(rb"\"", b"")
    quotes = bare.count(b'"')
    return quotes if quotes > 2 * most else sum(map(_separators, bare.split(b'"')[::2]))


def _separators(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number in JSON")
