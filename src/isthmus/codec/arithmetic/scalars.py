"""Scalar functions that give the same results on every machine.

The `exp` of two machines may differ in the last bit.  These functions use decimal arithmetic, whose results the General
Decimal Arithmetic Specification defines to the last digit.
"""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

DIGITS = 60
"""Digits of the computation; far more than any table has."""
Expression: TypeAlias = tuple[object, ...]
"""`("x",)`, `("constant", Fraction)`, or an operator of ONNX with its arguments and then its numbers."""
X: Expression = ("x",)

_ONE, _ZERO, _HALF = Decimal(1), Decimal(0), Decimal("0.5")
_SATURATED = Decimal(9)
"""From here on, erf is 1 to all digits of any table."""


def evaluate(expression: Expression, x: Fraction) -> Fraction:
    """Evaluate an expression at `x`, to about `DIGITS` digits.

    Raises:
        KeyError: If it has an operator that is not in `OPERATORS`.
        ArithmeticError: If it has no value there.
    """
    with localcontext(Context(prec=DIGITS)):
        return Fraction(_value(expression, Decimal(x.numerator) / Decimal(x.denominator)))


def rounded(value: Fraction, fraction: int) -> int:
    """The whole number nearest to value x 2^fraction, with ties to even."""
    return round(value * (1 << fraction))


def _value(expression: Expression, x: Decimal) -> Decimal:
    name, *parts = expression
    if name == "x":
        return x
    if name == "constant":
        number = parts[0]
        assert isinstance(number, Fraction)
        return Decimal(number.numerator) / Decimal(number.denominator)
    assert isinstance(name, str)
    values = [_value(part, x) for part in parts if isinstance(part, tuple)]
    return OPERATORS[name](*values)


def sigmoid(x: Decimal) -> Decimal:
    """1 / (1 + e^-x)."""
    return _ONE / (_ONE + (-x).exp())


@cache
def _two_over_root_pi() -> Decimal:
    # π by Machin's formula: 16 arctan(1/5) - 4 arctan(1/239).
    def arctan_inverse(n: int) -> Decimal:
        term, total, k = _ONE / n, _ZERO, 0
        while abs(term) > Decimal(10) ** -(DIGITS + 2):
            total += (term if k % 2 == 0 else -term) / (2 * k + 1)
            term /= n * n
            k += 1
        return total

    return 2 / (16 * arctan_inverse(5) - 4 * arctan_inverse(239)).sqrt()


def erf(x: Decimal) -> Decimal:
    """The error function, by the series of Abramowitz & Stegun (1964) 7.1.6, whose terms are all positive."""
    if abs(x) >= _SATURATED:
        return _ONE.copy_sign(x)
    term = total = x
    n = 0
    while abs(term) > Decimal(10) ** -DIGITS * abs(total):
        n += 1
        term *= 2 * x * x / (2 * n + 1)
        total += term
    return _two_over_root_pi() * (-x * x).exp() * total


def normal_cdf(x: Decimal) -> Decimal:
    """Φ, the cumulative distribution function of the standard normal."""
    return (_ONE + erf(x * _HALF.sqrt())) / 2


def normal_density(x: Decimal) -> Decimal:
    """φ, its density."""
    return _two_over_root_pi() * (-x * x / 2).exp() / (2 * Decimal(2).sqrt())


def _softplus(x: Decimal) -> Decimal:
    return max(x, _ZERO) + (_ONE + (-abs(x)).exp()).ln()


def _elu(x: Decimal, alpha: Decimal) -> Decimal:
    return x if x > 0 else alpha * (x.exp() - 1)


OPERATORS: Mapping[str, Callable[..., Decimal]] = MappingProxyType(
    {
        "Abs": abs,
        "Add": lambda a, b: a + b,
        "Clip": lambda x, low, high: min(max(x, low), high),
        "Div": lambda a, b: a / b,
        "Elu": _elu,
        "Erf": erf,
        "Exp": lambda x: x.exp(),
        "Gelu": lambda x: x * normal_cdf(x),
        "Greater": lambda a, b: _ONE if a > b else _ZERO,
        "LeakyRelu": lambda x, alpha: x if x > 0 else alpha * x,
        "Less": lambda a, b: _ONE if a < b else _ZERO,
        "Log": lambda x: x.ln(),
        "Max": max,
        "Min": min,
        "Mul": lambda a, b: a * b,
        "Neg": lambda x: -x,
        "Relu": lambda x: max(x, _ZERO),
        "Sigmoid": sigmoid,
        "Softplus": _softplus,
        "Sqrt": lambda x: x.sqrt(),
        "Sub": lambda a, b: a - b,
        "Tanh": lambda x: 2 * sigmoid(2 * x) - 1,
    }
)
"""The element-wise operators of ONNX that the codec supports."""
