"""Integer tables: cumulative distributions and exponentials as whole numbers, the same on every machine.

A fine table is a cubic between exact values: for a distribution function F with density f, known at the points i/64 as
V_i = F(i/64) and S_i = f(i/64)/64, both rounded to `_COARSE_BITS` bits, the value j/64 of the way from i to i+1 is

    (2j³ - 192j² + 64³) V_i + (j³ - 128j² + 64²j) S_i + (192j² - 2j³) V_i+1 + (j³ - 64j²) S_i+1

over 64³, in whole numbers and rounded down (Hermite's cubic).
"""

from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.scalars import DIGITS, Expression, evaluate, normal_cdf, normal_density, rounded, sigmoid

Integers: TypeAlias = NDArray[np.int64]
Family: TypeAlias = Literal["normal", "logistic"]

STEP_BITS = 6
"""A table of a function has a value each 2^-6."""
RANGE = 16
"""A table of a function covers -16 to 16; beyond, its first and last pieces continue."""
FINE_BITS = 12
"""A distribution function has a value each 2^-12."""
PROBABILITY_BITS = 24
"""Probabilities are multiples of 2^-24."""
REACH = {"normal": 8, "logistic": 16}
"""A distribution function is 0 below minus this, and 1 above this."""
CUMULATIVE_BITS = 30
"""Bits of a distribution function before it is scaled."""

_COARSE_BITS = 40


@cache
def function_table(expression: Expression, fraction: int) -> Integers:
    """A function at -16, -16 + 1/64, ..., 16: whole numbers `(2049,)`, with `fraction` bits after the point.

    Raises:
        KeyError: If an operator is not supported.
        ArithmeticError: If the function has no value at some of these points.
    """
    steps = range(-RANGE << STEP_BITS, (RANGE << STEP_BITS) + 1)
    values = [rounded(evaluate(expression, Fraction(step, 1 << STEP_BITS)), fraction) for step in steps]
    return np.array(values, np.int64)


def interpolate(table: Integers, x: Integers, fraction: int) -> Integers:
    """Interpolate a function linearly in its table; beyond the ends, the outer pieces continue.

    Args:
        table: The result of `function_table`.
        x: Whole numbers with `fraction` bits after the point.
        fraction: At least `STEP_BITS`.

    Returns:
        The values, in the table's own bits, rounded to the nearest (halves up).
    """
    below = fraction - STEP_BITS
    place = np.clip((x >> below) + (RANGE << STEP_BITS), 0, len(table) - 2)
    rest = x - ((place - (RANGE << STEP_BITS)) << below)
    start = table[place]
    rise = (table[1:] - table[:-1])[place]
    between: Integers = (rise * rest + ((1 << below) >> 1)) >> below
    return np.asarray(start + between)


@cache
def cumulative_table(family: Family) -> Integers:
    """A distribution function each 2^-12 from -REACH to REACH, in `CUMULATIVE_BITS` bits: `(REACH * 2^13 + 1,)`."""
    steps = range(-REACH[family] << STEP_BITS, (REACH[family] << STEP_BITS) + 1)
    with localcontext(Context(prec=DIGITS)):
        points = [Decimal(step) / (1 << STEP_BITS) for step in steps]
        if family == "normal":
            exact = [normal_cdf(x) for x in points]
            slopes = [normal_density(x) for x in points]
        else:
            exact = [sigmoid(x) for x in points]
            slopes = [value * (1 - value) for value in exact]
        values = np.array([rounded(Fraction(value), _COARSE_BITS) for value in exact], np.int64)
        rises = np.array([rounded(Fraction(slope), _COARSE_BITS - STEP_BITS) for slope in slopes], np.int64)
    pieces = 1 << (FINE_BITS - STEP_BITS)
    j = np.arange(pieces, dtype=np.int64)
    fine = (
        (2 * j**3 - 3 * pieces * j**2 + pieces**3) * values[:-1, None]
        + (j**3 - 2 * pieces * j**2 + pieces**2 * j) * rises[:-1, None]
        + (3 * pieces * j**2 - 2 * j**3) * values[1:, None]
        + (j**3 - pieces * j**2) * rises[1:, None]
    )
    down = 3 * (FINE_BITS - STEP_BITS) + _COARSE_BITS - CUMULATIVE_BITS
    table = np.append(fine.ravel() >> down, values[-1] >> (_COARSE_BITS - CUMULATIVE_BITS))
    return np.maximum.accumulate(table)


@cache
def scaled_cumulative(family: Family, symbols: int) -> Integers:
    """A distribution function scaled to 0 to 2^24 - symbols, which leaves 1 of 2^24 for each symbol."""
    room = (1 << PROBABILITY_BITS) - symbols
    table = (cumulative_table(family) * room) >> CUMULATIVE_BITS
    table[0], table[-1] = 0, room
    return table
