import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special

from isthmus.codec.arithmetic.scalars import X, evaluate, rounded

POINTS = [Fraction(i, 7) for i in range(-90, 91, 5)]
ORACLES = {
    "Sigmoid": special.expit,
    "Tanh": np.tanh,
    "Softplus": lambda x: np.logaddexp(x, 0),
    "Erf": special.erf,
    "Gelu": lambda x: x * special.ndtr(x),
    "Exp": np.exp,
    "Relu": lambda x: max(x, 0.0),
    "Abs": abs,
    "Neg": lambda x: -x,
}


@pytest.mark.parametrize("name", ORACLES)
def test_functions_are_those_of_scipy(name):
    for x in POINTS:
        assert float(evaluate((name, X), x)) == pytest.approx(float(ORACLES[name](float(x))), rel=1e-13, abs=1e-30)


def test_functions_of_several_numbers():
    half = ("constant", Fraction(1, 2))
    assert evaluate(("LeakyRelu", X, half), Fraction(-3)) == Fraction(-3, 2)
    assert evaluate(("Clip", X, half, ("constant", Fraction(2))), Fraction(5)) == 2
    assert evaluate(("Greater", X, half), Fraction(1, 2)) == 0
    assert float(evaluate(("Elu", X, half), Fraction(-1))) == pytest.approx(0.5 * math.expm1(-1), rel=1e-15)


def test_silu_as_exporters_write_it():
    value = evaluate(("Mul", X, ("Sigmoid", X)), Fraction(3, 2))
    assert float(value) == pytest.approx(1.5 * special.expit(1.5), rel=1e-15)


def test_halves_are_rounded_to_even():
    assert [rounded(Fraction(n, 2), 0) for n in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]
    assert rounded(Fraction(1, 3), 12) == 1365


def test_what_has_no_value_is_an_arithmetic_error():
    with pytest.raises(ArithmeticError):
        evaluate(("Log", X), Fraction(-1))
