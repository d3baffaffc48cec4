"""Entropy coding of quantised codes, each by its probability under a normal distribution of its dimension's width."""

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.tables import PROBABILITY_BITS, Integers
from isthmus.codec.coder.stack import WORD_BITS, Stack
from isthmus.codec.lossy.masses import REACH, masses
from isthmus.errors import ArchiveError

Quantised = NDArray[np.int32]
"""Quantised codes `(n, dim)`: whole numbers from -512 to 511."""
_SPARE_BITS = 64
"""Bits by which codes may take less than their information: the first symbols on a stack are cheap."""


def encode(quantised: Quantised, widths: Integers) -> NDArray[np.uint32]:
    """Encode quantised codes `(n, dim)`, dimension by dimension, by their widths `(dim,)`: words, uint32."""
    stack = Stack(np.empty(0, np.uint32))
    for dimension in reversed(range(len(widths))):
        stack.push(quantised[:, dimension] + REACH, masses(int(widths[dimension])))
    return stack.words()


def decode(words: NDArray[np.uint32], widths: Integers, count: int) -> Quantised:
    """Decode the quantised codes `(count, dim)` from what `encode` gave.

    Raises:
        ArchiveError: If the words are damaged, or belong to other codes.
    """
    require_room(len(words), widths, count)
    if len(words) and not words[-1]:
        raise ArchiveError("the quantised codes are damaged: their last word is empty.")
    stack = Stack(words)
    quantised = np.empty((count, len(widths)), np.int32)
    for dimension, width in enumerate(widths):
        quantised[:, dimension] = stack.pop(masses(int(width)), count) - np.int32(REACH)
    if stack.bits:
        raise ArchiveError("the quantised codes are damaged: something is left over.")
    return quantised


def require_room(words: int, widths: Integers, count: int) -> None:
    """Check that the words can hold all codes, before memory is allocated for them.

    An empty stack gives symbols without end, so a file of a few bytes could claim to hold millions of codes.

    Raises:
        ArchiveError: If even the most probable codes would take more.
    """
    likeliest = np.array([int(masses(int(width)).max()) for width in widths]) / (1 << PROBABILITY_BITS)
    # A symbol may take a 256th less than its information: the state has 8 bits more than a probability.
    least = count * float(-np.log2(likeliest).sum()) * 255 / 256
    if least > WORD_BITS * words + _SPARE_BITS:
        raise ArchiveError(f"the quantised codes are damaged: {words} words cannot hold {count} codes.")
