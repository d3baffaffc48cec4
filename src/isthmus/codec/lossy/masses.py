"""The probabilities of whole numbers that scatter like a normal distribution, themselves whole numbers."""

from decimal import Context, Decimal, localcontext
from functools import cache

import numpy as np

from isthmus.codec.arithmetic.scalars import DIGITS
from isthmus.codec.arithmetic.tables import FINE_BITS, Integers, scaled_cumulative
from isthmus.codec.arithmetic.tables import REACH as TABLE_REACH

OCTAVE = 8
"""Widths from one doubling to the next."""
REACH = 512
"""Marks lie from -512 to 511."""
LEAST_WIDTH, MOST_WIDTH = -8 * OCTAVE, 6 * OCTAVE
"""Widths that can be told: a standard deviation of 1/256 to 64."""
_SYMBOLS = 2 * REACH


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
