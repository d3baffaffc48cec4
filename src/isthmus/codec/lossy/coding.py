"""Marks to bits and back, each by its probability under a normal distribution of its number's width."""

from decimal import Context, Decimal, localcontext
from functools import cache

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.lossy.grid import OCTAVE, REACH, Grid, Marks
from isthmus.codec.scalars import DIGITS
from isthmus.codec.stacks import Stack
from isthmus.codec.tables import FINE_BITS, Integers, scaled_cumulative
from isthmus.codec.tables import REACH as TABLE_REACH
from isthmus.errors import ArchiveError

_SYMBOLS = 2 * REACH


def encode_marks(marks: Marks, grid: Grid) -> NDArray[np.uint32]:
    """Code marks `(n, dim)`, number by number of the code: words, uint32."""
    stack = Stack(np.empty(0, np.uint32))
    for place in reversed(range(grid.dim)):
        stack.push(marks[:, place] + REACH, masses(int(grid.widths[place])))
    return stack.words()


def decode_marks(words: NDArray[np.uint32], grid: Grid, count: int) -> Marks:
    """The marks `(count, dim)` of what `encode_marks` gave.

    Raises:
        ArchiveError: If the words are damaged, or of other marks.
    """
    if len(words) and not words[-1]:
        raise ArchiveError("the rounded codes are damaged: their last word is empty.")
    stack = Stack(words)
    columns = [stack.pop(masses(int(width)), count) for width in grid.widths]
    if stack.bits:
        raise ArchiveError("the rounded codes are damaged: something is left over.")
    return np.stack(columns, axis=1).astype(np.int32) - np.int32(REACH)


@cache
def masses(width: int) -> Integers:
    """The probability of each mark from -512 to 511 under a normal of standard deviation 2^(width / 8): in 2^-24."""
    fine = 1 << FINE_BITS
    with localcontext(Context(prec=DIGITS)):
        per_step = int((Decimal(fine) / Decimal(2) ** (Decimal(width) / OCTAVE)).to_integral_value())
    # Twice the edges, which lie halfway between marks.
    edges = np.arange(-_SYMBOLS - 1, _SYMBOLS, 2, dtype=np.int64) * per_step // 2
    end = TABLE_REACH["normal"] * fine
    edges[0], edges[-1] = -end, end
    cumulative = scaled_cumulative("normal", _SYMBOLS)[np.clip(edges, -end, end) + end]
    return np.diff(cumulative + np.arange(_SYMBOLS + 1))
