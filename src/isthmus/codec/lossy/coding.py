"""Marks to bits and back, each by its probability under a normal distribution of its number's width."""

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.lossy.masses import REACH, masses
from isthmus.codec.stacks import Stack
from isthmus.codec.tables import Integers
from isthmus.errors import ArchiveError

Marks = NDArray[np.int32]


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
    if len(words) and not words[-1]:
        raise ArchiveError("the rounded codes are damaged: their last word is empty.")
    stack = Stack(words)
    columns = [stack.pop(masses(int(width)), count) for width in widths]
    if stack.bits:
        raise ArchiveError("the rounded codes are damaged: something is left over.")
    return np.stack(columns, axis=1).astype(np.int32) - np.int32(REACH)
