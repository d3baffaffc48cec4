"""Probabilities of whole numbers under a normal distribution, as whole numbers themselves."""

from decimal import Context, Decimal, localcontext
from functools import cache

import numpy as np

from isthmus.codec.arithmetic.scalars import DIGITS
from isthmus.codec.arithmetic.tables import FINE_BITS, Integers, scaled_cumulative
from isthmus.codec.arithmetic.tables import REACH as TABLE_REACH

OCTAVE = 8
"""Widths in a doubling of the standard deviation."""
REACH = 512
"""Quantised values are from -512 to 511."""
LEAST_WIDTH, MOST_WIDTH = -8 * OCTAVE, 6 * OCTAVE
"""The least and the largest width: a standard deviation of 1/256 and of 64."""
_SYMBOLS = 2 * REACH


@cache
def masses(width: int) -> Integers:
    """Probabilities of -512 to 511 under a normal of standard deviation 2^(width / 8), in 2^-24: `(1024,)`."""
    fine = 1 << FINE_BITS
    with localcontext(Context(prec=DIGITS)):
        per_step = int((Decimal(fine) / Decimal(2) ** (Decimal(width) / OCTAVE)).to_integral_value())
    # Twice the edges, which are halfway between the values.
    edges = np.arange(-_SYMBOLS - 1, _SYMBOLS, 2, dtype=np.int64) * per_step // 2
    end = TABLE_REACH["normal"] * fine
    edges[0], edges[-1] = -end, end
    cumulative = scaled_cumulative("normal", _SYMBOLS)[np.clip(edges, -end, end) + end]
    return np.diff(cumulative + np.arange(_SYMBOLS + 1))
