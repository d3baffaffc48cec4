"""Functions of each number: arithmetic, comparisons and activations.

Each keeps the order of the axes of what it gets, so that images stay channels first from one convolution to the next.
"""

from dataclasses import replace
from typing import Any

import keras

from isthmus.graphs.writer.graph import Graph, Value
from isthmus.graphs.writer.registry import NoWriterError, writes

_UNARY = {
    "Abs": "Abs", "Absolute": "Abs", "Ceil": "Ceil", "Cos": "Cos", "Erf": "Erf", "Exp": "Exp", "Floor": "Floor",
    "HardSilu": "HardSwish", "Log": "Log", "LogicalNot": "Not", "Negative": "Neg", "Reciprocal": "Reciprocal",
    "Relu": "Relu", "Sigmoid": "Sigmoid", "Sign": "Sign", "Sin": "Sin", "Softplus": "Softplus", "Softsign": "Softsign",
    "Sqrt": "Sqrt", "Tanh": "Tanh",
}  # fmt: skip
_BINARY = {
    "Add": "Add", "Divide": "Div", "Maximum": "Max", "Minimum": "Min", "Multiply": "Mul", "Power": "Pow",
    "Subtract": "Sub", "TrueDivide": "Div",
}  # fmt: skip
_COMPARISONS = {
    "Equal": "Equal", "Greater": "Greater", "GreaterEqual": "GreaterOrEqual", "Less": "Less",
    "LessEqual": "LessOrEqual", "LogicalAnd": "And", "LogicalOr": "Or",
}  # fmt: skip

UNTRACED = {keras.activations.hard_silu: "HardSwish", keras.activations.mish: "Mish"}
"""Activations that Keras does not compute with its operations, and ONNX's names for them."""


def apply(g: Graph, kind: str, x: Value, *constants: float, **attributes: Any) -> Value:
    """A function of each number, whose further inputs are constants of its type."""
    return replace(x, name=g.add(kind, x.name, *(g.constant(c, x.dtype) for c in constants), **attributes))


def combine(g: Graph, kind: str, out: Any, *operands: Any, dtype: str | None = None) -> Value:
    """A function of numbers that broadcast; `dtype` is that of the operands, if not that of the result."""
    names, channels_first = g.aligned(operands, [dtype or out.dtype] * len(operands))
    return Value(g.add(kind, *names), out.shape, out.dtype, channels_first)


@writes(*(f"ops.{name}" for name in _UNARY))
def unary(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Functions that ONNX has under one name or another."""
    return apply(g, _UNARY[type(operation).__name__], g.cast(x, out.dtype))


@writes(*(f"ops.{name}" for name in _BINARY))
def binary(g: Graph, operation: Any, out: Any, x1: Any, x2: Any) -> Value:
    """Arithmetic; both sides get the type of the result."""
    return combine(g, _BINARY[type(operation).__name__], out, x1, x2)


@writes(*(f"ops.{name}" for name in _COMPARISONS))
def comparison(g: Graph, operation: Any, out: Any, x1: Any, x2: Any) -> Value:
    """Comparisons; both sides get the type to which Keras promotes them."""
    kinds = [x.dtype if isinstance(x, Value) else getattr(x, "dtype", type(x)) for x in (x1, x2)]
    return combine(g, _COMPARISONS[type(operation).__name__], out, x1, x2, dtype=keras.backend.result_type(*kinds))


@writes("ops.Where")
def where(g: Graph, operation: Any, out: Any, condition: Value, x1: Any, x2: Any) -> Value:
    """A choice for each number."""
    names, channels_first = g.aligned((condition, x1, x2), ("bool", out.dtype, out.dtype))
    return Value(g.add("Where", *names), out.shape, out.dtype, channels_first)


@writes("ops.Clip")
def clip(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Bounds that are numbers."""
    return apply(g, "Clip", g.cast(x, out.dtype), operation.x_min, operation.x_max)


@writes("ops.Cast", "ops.ConvertToTensor")
def cast(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Floats lose what is after the point."""
    return g.cast(x, out.dtype)


@writes("ops.Round")
def round_(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Halves go to the even number."""
    if operation.decimals:
        raise NoWriterError("rounding to decimals")
    return apply(g, "Round", x)


@writes("ops.StopGradient")
def stop_gradient(g: Graph, operation: Any, out: Any, variable: Value) -> Value:
    """Nothing: a graph has no gradients."""
    return variable


@writes("ops.Square")
def square(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """The product with itself."""
    return replace(x, name=g.add("Mul", x.name, x.name))


@writes("ops.Rsqrt")
def rsqrt(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """One over the root."""
    return apply(g, "Reciprocal", apply(g, "Sqrt", x))


@writes("ops.Expm1", "ops.Log1p")
def near_one(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """With the rounding of the 1 that Keras's own avoid."""
    if type(operation).__name__ == "Expm1":
        return apply(g, "Sub", apply(g, "Exp", x), 1.0)
    return apply(g, "Log", apply(g, "Add", x, 1.0))


@writes("ops.ZerosLike", "ops.OnesLike")
def like(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Zeros or ones of the same shape, whatever the batch."""
    number = g.constant([type(operation).__name__ == "OnesLike"], out.dtype)
    shape = g.add("Shape", g.channels_last(x).name)
    return Value(g.add("Expand", number, shape), out.shape, out.dtype)


@writes("ops.Gelu")
def gelu(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Exact, or by tanh."""
    return apply(g, "Gelu", x, approximate="tanh") if operation.approximate else apply(g, "Gelu", x)


@writes("ops.Silu")
def silu(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """The number times its sigmoid; ONNX has no name for it before opset 24."""
    return replace(x, name=g.add("Mul", x.name, g.add("Sigmoid", x.name)))


@writes("ops.LogSigmoid")
def log_sigmoid(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """-softplus(-x)."""
    return apply(g, "Neg", apply(g, "Softplus", apply(g, "Neg", x)))


@writes("layers.Activation")
def activation(g: Graph, layer: Any, out: Any, inputs: Value, **_: Any) -> Value:
    """Nothing but its activation, which the walk adds."""
    return inputs


@writes("ops.LeakyRelu")
def leaky_relu(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """The slope below zero is the operation's."""
    return apply(g, "LeakyRelu", x, alpha=float(operation.negative_slope))


@writes("ops.Elu", "ops.Celu")
def elu(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Of one name in Keras and ONNX, as is its setting."""
    return apply(g, type(operation).__name__, x, alpha=float(operation.alpha))


@writes("ops.Selu")
def selu(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """With the constants that both have."""
    return apply(g, "Selu", x)


@writes("ops.HardSigmoid")
def hard_sigmoid(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """A sixth of the number plus ½, within 0 and 1; ONNX's own default is a slope of 1/5."""
    return apply(g, "HardSigmoid", x, alpha=1 / 6, beta=0.5)


@writes("ops.Relu6")
def relu6(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Within 0 and 6."""
    return apply(g, "Clip", x, 0.0, 6.0)


@writes("activations.ReLU")
def relu(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """With a slope below zero, or a largest value."""
    if operation.threshold or (operation.negative_slope and operation.max_value is not None):
        raise NoWriterError("a rectifier with a threshold, or with a slope and a largest value")
    if operation.negative_slope:
        return apply(g, "LeakyRelu", x, alpha=float(operation.negative_slope))
    return apply(g, "Relu", x) if operation.max_value is None else apply(g, "Clip", x, 0.0, operation.max_value)


@writes("layers.PReLU")
def prelu(g: Graph, layer: Any, out: Any, inputs: Value, **_: Any) -> Value:
    """With a learned slope below zero."""
    return combine(g, "PRelu", out, inputs, layer.alpha)
