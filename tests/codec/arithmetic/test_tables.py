import hashlib
from fractions import Fraction

import numpy as np
import pytest
from scipy import special

from isthmus.codec.arithmetic.scalars import X
from isthmus.codec.arithmetic.tables import (
    CUMULATIVE_BITS,
    REACH,
    cumulative_table,
    function_table,
    interpolate,
    scaled_cumulative,
)

ORACLES = {"normal": special.ndtr, "logistic": special.expit}
HASHES = {
    "normal": "f39868891ed450ff749af1d883b9958f71a6fa25b44ecadb808e7bfa1169ae71",
    "logistic": "17adac3f6d79d2572054837e34c7fc760a4d53d990de8e6bf304de7338d46152",
}


@pytest.mark.parametrize("family", ORACLES)
def test_a_distribution_function_is_scipy_s_in_thirty_bits(family):
    table = cumulative_table(family)
    x = np.arange(-REACH[family] * 4096, REACH[family] * 4096 + 1) / 4096
    assert np.abs(table / 2**CUMULATIVE_BITS - ORACLES[family](x)).max() < 1.5 / 2**CUMULATIVE_BITS
    assert (np.diff(table) >= 0).all()


@pytest.mark.parametrize("family", ORACLES)
def test_tables_are_the_same_for_ever(family):
    content = cumulative_table(family).astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest() == HASHES[family]


@pytest.mark.parametrize("family", ORACLES)
@pytest.mark.parametrize("symbols", [2, 256])
def test_a_scaled_one_leaves_room_for_every_symbol(family, symbols):
    table = scaled_cumulative(family, symbols)
    assert (table[0], table[-1]) == (0, 2**24 - symbols)
    assert (np.diff(table) >= 0).all()


def test_a_function_between_its_values():
    table = function_table(("Sigmoid", X), 16)
    x = np.arange(-12 << 12, 12 << 12, 37)
    found = interpolate(table, x, 12) / 2**16
    np.testing.assert_allclose(found, special.expit(x / 2**12), atol=2e-5)


def test_a_function_goes_on_straight_beyond_its_table():
    table = function_table(("Mul", X, ("Sigmoid", X)), 12)
    x = np.array([-(500 << 12), -(20 << 12), 20 << 12, 500 << 12])
    np.testing.assert_array_equal(interpolate(table, x, 12), [0, 0, 20 << 12, 500 << 12])


def test_interpolation_is_plain_whole_numbers():
    table = function_table(("Tanh", X), 16)
    for x in (-65_001, -3, 0, 1, 4095, 65_535):
        place, rest = divmod(x, 64)
        place += 1024
        rise = int(table[place + 1] - table[place])
        assert interpolate(table, np.array([x]), 12)[0] == int(table[place]) + ((rise * rest + 32) >> 6)


def test_values_are_rounded_once():
    third = function_table(("Mul", X, ("constant", Fraction(1, 3))), 12)
    assert [int(third[1024 + i]) for i in (0, 1, 2, 3)] == [0, 21, 43, 64]
