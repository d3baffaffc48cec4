"""Whole numbers in few bytes, such as the weights of an embedded model."""

import zlib
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.tables import PROBABILITY_BITS, Integers
from isthmus.codec.coder.stack import Stack
from isthmus.errors import ArchiveError

Method: TypeAlias = Literal["differences", "histogram"]
_SYMBOLS = 256
_WHOLE = 1 << PROBABILITY_BITS
_HEAD = 4
"""Numbers before a histogram's counts: the least number, the number of low bits, the number of words, and 0."""


def pack(numbers: NDArray[np.integer], regular: bool) -> tuple[Method, bytes]:
    """Pack whole numbers `(n,)`: regular ones, such as positions, by their differences, others by their frequencies."""
    flat = np.asarray(numbers, np.int64).ravel()
    if regular or flat.size < _SYMBOLS:
        return "differences", _by_differences(flat)
    return "histogram", _by_histogram(flat)


def unpack(method: str, content: bytes, count: int) -> Integers:
    """Unpack the whole numbers `(count,)` from what `pack` gave.

    Raises:
        ArchiveError: If they are damaged.
    """
    try:
        if method == "differences":
            raw = inflate(content, 8 * count)
            return np.cumsum(np.frombuffer(raw, "<i8").astype(np.int64, copy=False))
        if method == "histogram":
            return _from_histogram(content, count)
    except (ValueError, OverflowError, IndexError, zlib.error) as error:
        raise ArchiveError(f"packed numbers are damaged ({error}).") from None
    raise ArchiveError(f"packed numbers are of an unknown method, {method!r}.")


def inflate(content: bytes, size: int) -> bytes:
    """Decompress exactly `size` bytes with zlib.

    Raises:
        ArchiveError: If they are damaged, or of another size.
    """
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(content, size + 1)
    except zlib.error as error:
        raise ArchiveError(f"compressed bytes are damaged ({error}).") from None
    if len(raw) != size or not inflater.eof:
        raise ArchiveError(f"expected {size} decompressed bytes; found {'more' if len(raw) > size else len(raw)}.")
    return raw


def _by_differences(numbers: Integers) -> bytes:
    return zlib.compress(np.diff(numbers, prepend=0).astype("<i8").tobytes(), 9)


def _by_histogram(numbers: Integers) -> bytes:
    """The high bits by their frequencies, the low bits as they are."""
    least = int(numbers.min())
    rest = numbers - least
    low = max(0, int(rest.max()).bit_length() - 8)
    counts = np.bincount(rest >> low, minlength=_SYMBOLS)
    stack = Stack(np.empty(0, np.uint32))
    for start in range(0, low, 8):  # from the lowest up; each byte by itself
        bits = min(8, low - start)
        stack.push((rest >> start) & ((1 << bits) - 1), _even(bits))
    stack.push(rest >> low, _masses(counts))
    words = stack.words()
    head = np.array([least, low, len(words), 0], "<i8").tobytes()
    return head + zlib.compress(counts.astype("<u4").tobytes(), 9) + words.astype("<u4").tobytes()


def _from_histogram(content: bytes, count: int) -> Integers:
    least, low, length, _ = (int(number) for number in np.frombuffer(content[: 8 * _HEAD], "<i8"))
    end = len(content) - 4 * length
    if not 0 <= low <= 48 or not 8 * _HEAD < end <= len(content):
        raise ArchiveError("packed numbers are damaged: their head is invalid.")
    counts = np.frombuffer(inflate(content[8 * _HEAD : end], 4 * _SYMBOLS), "<u4").astype(np.int64)
    stack = Stack(np.frombuffer(content[end:], "<u4"))
    numbers = stack.pop(_masses(counts), count).astype(np.int64) << low
    for start in reversed(range(0, low, 8)):
        numbers |= stack.pop(_even(min(8, low - start)), count).astype(np.int64) << start
    return numbers + least


def _masses(counts: Integers) -> Integers:
    """Counts `(256,)` as probabilities in 2^-24, each at least 1."""
    total = int(counts.sum())
    if not 0 < total < 1 << 32:
        raise ArchiveError("packed numbers are damaged: all counts are 0.")
    below = np.append(0, np.cumsum(counts)) * (_WHOLE - _SYMBOLS) // total
    return np.diff(below) + 1


def _even(bits: int) -> Integers:
    return np.full(1 << bits, _WHOLE >> bits, np.int64)
