"""Marks to bits and back, each by its probability under a normal distribution of its number's width."""

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.tables import PROBABILITY_BITS, Integers
from isthmus.codec.coder.stack import WORD_BITS, Stack
from isthmus.codec.lossy.masses import REACH, masses
from isthmus.errors import ArchiveError

Marks = NDArray[np.int32]
_SPARE_BITS = 64
"""Bits by which marks may fall short of what they should take: a stack's first symbols come cheap."""


def encode_marks(marks: Marks, widths: Integers) -> NDArray[np.uint32]:
    """Code marks `(n, dim)`, column by column, by their widths `(dim,)`: words, uint32."""
    stack = Stack(np.empty(0, np.uint32))
    for place in reversed(range(len(widths))):
        stack.push(marks[:, place] + REACH, masses(int(widths[place])))
    return stack.words()


def decode_marks(words: NDArray[np.uint32], widths: Integers, count: int) -> Marks:
    """The marks `(count, dim)` of what `encode_marks` gave.

    Raises:
        ArchiveError: If the words are damaged, or of other marks.
    """
    require_room(len(words), widths, count)
    if len(words) and not words[-1]:
        raise ArchiveError("the rounded codes are damaged: their last word is empty.")
    stack = Stack(words)
    marks = np.empty((count, len(widths)), np.int32)
    for place, width in enumerate(widths):
        marks[:, place] = stack.pop(masses(int(width)), count) - np.int32(REACH)
    if stack.bits:
        raise ArchiveError("the rounded codes are damaged: something is left over.")
    return marks


def require_room(words: int, widths: Integers, count: int) -> None:
    """Check that so many words can hold the marks of so many codes, before anything is made of their number.

    An empty stack gives symbols without end, so that a file of a few bytes could tell of millions of codes.

    Raises:
        ArchiveError: If even the likeliest marks would take more.
    """
    likeliest = np.array([int(masses(int(width)).max()) for width in widths]) / (1 << PROBABILITY_BITS)
    # A symbol may take less than it should by a 256th: the state has 8 bits more than a probability.
    least = count * float(-np.log2(likeliest).sum()) * 255 / 256
    if least > WORD_BITS * words + _SPARE_BITS:
        raise ArchiveError(f"the rounded codes are damaged: {words} words cannot hold {count} codes.")
