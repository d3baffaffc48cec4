"""Operations along axes: sums, products of matrices, softmax, normalisation, attention."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from isthmus.graphs.writer.functions import apply, combine
from isthmus.graphs.writer.graph import Graph, Value, array_of, channels_first_axis
from isthmus.graphs.writer.moves import reshaped
from isthmus.graphs.writer.registry import NoWriterError, writes

_REDUCTIONS = {
    "Amax": "ReduceMax", "Amin": "ReduceMin", "Logsumexp": "ReduceLogSumExp", "Max": "ReduceMax",
    "Mean": "ReduceMean", "Min": "ReduceMin", "Prod": "ReduceProd", "Sum": "ReduceSum",
}  # fmt: skip
EPSILON = 1e-7
"""Where an operation leaves its own to Keras, as `keras.config.epsilon()` is from the start."""


def reduced(g: Graph, kind: str, x: Value, axes: Any, keepdims: bool = True) -> Value:
    """Reduce the axes given, or all but the batch."""
    rank = len(x.shape)
    along = sorted(axis % rank for axis in np.ravel(range(rank) if axes is None else axes).tolist())
    if 0 in along and x.shape[0] is None:
        raise NoWriterError("a reduction of the batch")
    last = g.channels_last(x)
    name = g.add(kind, last.name, g.integers(along), keepdims=int(keepdims))
    sides = [1 if axis in along else size for axis, size in enumerate(x.shape) if keepdims or axis not in along]
    return Value(name, tuple(sides), x.dtype)


@writes(*(f"ops.{name}" for name in _REDUCTIONS))
def reduction(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Sums, means and extremes."""
    if getattr(operation, "initial", None) is not None:
        raise NoWriterError("a reduction with an initial value")
    kind = _REDUCTIONS[type(operation).__name__]
    return reduced(g, kind, g.cast(x, out.dtype), operation.axis, operation.keepdims)


@writes("ops.Moments", "ops.Var")
def moments(g: Graph, operation: Any, out: Any, x: Value) -> Any:
    """Mean and variance, or the latter alone."""
    axes = operation.axes if hasattr(operation, "axes") else operation.axis
    mean = reduced(g, "ReduceMean", x, axes)
    away = combine(g, "Sub", x, x, mean)
    variance = reduced(g, "ReduceMean", combine(g, "Mul", x, away, away), axes, operation.keepdims)
    if not isinstance(out, list):
        return variance
    return [reshaped(g, mean, out[0].shape) if not operation.keepdims else mean, variance]


@writes("ops.Argmax")
def argmax(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """The first place of the largest number."""
    if operation.axis is None:
        raise NoWriterError("the largest of all numbers")
    name = g.add("ArgMax", g.channels_last(x).name, axis=operation.axis, keepdims=int(operation.keepdims))
    return g.cast(Value(name, out.shape, "int64"), out.dtype)


@writes("ops.Softmax", "ops.LogSoftmax")
def softmax(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Along one axis."""
    if not isinstance(operation.axis, int):
        raise NoWriterError("a softmax of several axes")
    axis = operation.axis % len(x.shape)
    return apply(g, type(operation).__name__, x, axis=channels_first_axis(axis) if x.channels_first else axis)


@writes("ops.Matmul")
def matmul(g: Graph, operation: Any, out: Any, x1: Any, x2: Any) -> Value:
    """Of values, or of one with constants."""
    names = [
        g.channels_last(g.cast(x, out.dtype)).name if isinstance(x, Value) else g.constant(x, out.dtype)
        for x in (x1, x2)
    ]
    return Value(g.add("MatMul", *names), out.shape, out.dtype)


@writes("ops.Einsum")
def einsum(g: Graph, operation: Any, out: Any, *operands: Any) -> Value:
    """Under ONNX's notation, which is NumPy's."""
    names = [g.channels_last(x).name if isinstance(x, Value) else g.constant(x, out.dtype) for x in operands]
    return Value(g.add("Einsum", *names, equation=operation.subscripts), out.shape, out.dtype)


@writes("ops.LayerNorm")
def layer_norm(g: Graph, operation: Any, out: Any, x: Value, gamma: Any = None, beta: Any = None) -> Value:
    """Over the last axes."""
    rank = len(x.shape)
    axes = sorted(axis % rank for axis in np.ravel(operation.axis).tolist())
    if axes != list(range(axes[0], rank)) or operation.rms_scaling:
        raise NoWriterError("a layer normalisation of other than the last axes, or with RMS scaling")
    shape = x.shape[axes[0] :]
    scale = g.constant(np.ones(shape) if gamma is None else array_of(gamma).reshape(shape), x.dtype)
    shift = [] if beta is None else [g.constant(array_of(beta).reshape(shape), x.dtype)]
    epsilon = EPSILON if operation.epsilon is None else operation.epsilon
    name = g.add("LayerNormalization", g.channels_last(x).name, scale, *shift, axis=axes[0], epsilon=epsilon)
    return Value(name, out.shape, out.dtype)


@writes("ops.RMSNorm")
def rms_norm(g: Graph, operation: Any, out: Any, x: Value, scale: Any = None) -> Value:
    """Each number over the root of the mean square."""
    squares = reduced(g, "ReduceMean", replace(x, name=g.add("Mul", x.name, x.name)), operation.axis)
    epsilon = EPSILON if operation.epsilon is None else operation.epsilon
    root = apply(g, "Sqrt", apply(g, "Add", squares, epsilon))
    normal = combine(g, "Div", out, x, root)
    return normal if scale is None else combine(g, "Mul", out, normal, scale)


@writes("layers.BatchNormalization")
def batch_normalization(g: Graph, layer: Any, out: Any, inputs: Value, **_: Any) -> Value:
    """A factor and a shift for each channel, from the moving mean and variance."""
    factor = 1.0 / np.sqrt(array_of(layer.moving_variance).astype(np.float64) + layer.epsilon)
    factor = factor * array_of(layer.gamma) if layer.scale else factor
    shift = -array_of(layer.moving_mean) * factor + (array_of(layer.beta) if layer.center else 0.0)
    shape = [1] * (len(inputs.shape) - 1)
    shape[layer.axis % len(inputs.shape) - 1] = -1
    return combine(g, "Add", out, combine(g, "Mul", out, inputs, factor.reshape(shape)), shift.reshape(shape))


@writes("layers.GroupNormalization")
def group_normalization(g: Graph, layer: Any, out: Any, x: Value, **_: Any) -> Value:
    """Instance normalisation of `(n, groups, numbers of a group)`, then a factor and a shift for each channel."""
    channels = x.shape[-1]
    if len(x.shape) != 4 or layer.axis not in (-1, 3) or channels is None:
        raise NoWriterError("a group normalisation of other than the channels of images")
    groups = channels if layer.groups == -1 else layer.groups
    first = g.channels_first(x)
    grouped = g.add("Reshape", first.name, g.integers([0, groups, -1]))
    one, zero = g.constant(np.ones(groups), x.dtype), g.constant(np.zeros(groups), x.dtype)
    normal = g.add("InstanceNormalization", grouped, one, zero, epsilon=layer.epsilon)
    sides = [-1 if size is None else size for size in (x.shape[0], channels, *x.shape[1:3])]
    found = replace(first, name=g.add("Reshape", normal, g.integers(sides)))
    if layer.scale:
        found = combine(g, "Mul", out, found, layer.gamma)
    return combine(g, "Add", out, found, layer.beta) if layer.center else found


@writes("ops.DotProductAttention")
def attention(
    g: Graph, operation: Any, out: Any, query: Value, key: Value, value: Value, bias: Any = None, mask: Any = None,
    scale: float | None = None,
) -> Value:  # fmt: skip
    """Softmax attention of `(n, length, heads, numbers of a head)`, without mask or bias."""
    if bias is not None or mask is not None or operation.is_causal or operation.attn_logits_soft_cap is not None:
        raise NoWriterError("attention with a mask, a bias or a cap")
    query, key, value = (g.channels_last(x) for x in (query, key, value))
    depth = query.shape[-1]
    assert depth is not None
    logits = g.add("Einsum", query.name, key.name, equation="btnh,bsnh->bnts")
    scaled = g.add("Mul", logits, g.constant(1 / math.sqrt(depth) if scale is None else scale, query.dtype))
    weights = g.add("Softmax", scaled, axis=-1)
    return Value(g.add("Einsum", weights, value.name, equation="bnts,bsnh->btnh"), out.shape, out.dtype)


@writes("layers.Rescaling")
def rescaling(g: Graph, layer: Any, out: Any, x: Value, **_: Any) -> Value:
    """A factor and a shift, for all or for each channel."""
    scaled = combine(g, "Mul", out, x, layer.scale)
    return scaled if np.all(np.equal(layer.offset, 0)) else combine(g, "Add", out, scaled, layer.offset)


@writes("layers.Normalization")
def normalization(g: Graph, layer: Any, out: Any, inputs: Value, **_: Any) -> Value:
    """By the mean and the deviation that the layer was given or has measured."""
    if layer.invert:
        raise NoWriterError("an inverted normalisation")
    deviation = np.maximum(np.sqrt(array_of(layer.variance)), EPSILON)
    return combine(g, "Div", out, combine(g, "Sub", out, inputs, layer.mean), deviation)
