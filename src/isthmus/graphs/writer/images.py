"""Dense layers and convolutions with their biases, pooling and resizing."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isthmus.graphs.writer.functions import combine
from isthmus.graphs.writer.graph import Graph, Value, array_of
from isthmus.graphs.writer.registry import NoWriterError, writes

_BY_LAST = "channels_last"
_MODES = {"nearest": "nearest", "bilinear": "linear"}


@writes("layers.Dense")
def dense(g: Graph, layer: Any, out: Any, inputs: Value, **_: Any) -> Value:
    """`Gemm` of rows, `MatMul` of more axes; then the activation, which the walk adds."""
    if layer.quantization_mode is not None:
        raise NoWriterError("quantised weights")
    name = g.channels_last(inputs).name
    kernel = g.constant(layer.kernel, out.dtype)
    if len(inputs.shape) == 2:
        bias = [g.constant(layer.bias, out.dtype)] if layer.use_bias else []
        return Value(g.add("Gemm", name, kernel, *bias), out.shape, out.dtype)
    product = Value(g.add("MatMul", name, kernel), out.shape, out.dtype)
    return combine(g, "Add", out, product, layer.bias) if layer.use_bias else product


@writes("layers.Conv2D", "layers.DepthwiseConv2D", "layers.Conv2DTranspose")
def convolution_with_bias(g: Graph, layer: Any, out: Any, inputs: Value, **_: Any) -> Value:
    """One node with the bias; then the activation, which the walk adds."""
    if getattr(layer, "quantization_mode", None) is not None:
        raise NoWriterError("quantised weights")
    bias = layer.bias if layer.use_bias else None
    write = {"Conv2D": convolution, "DepthwiseConv2D": depthwise, "Conv2DTranspose": transposed}[type(layer).__name__]
    return write(g, layer, out, inputs, layer.kernel, bias)


@writes("ops.Conv")
def convolution(g: Graph, operation: Any, out: Any, inputs: Value, kernel: Any, bias: Any = None) -> Value:
    """With as many groups as the kernel has fewer channels."""
    weights = array_of(kernel).transpose(3, 2, 0, 1) if array_of(kernel).ndim == 4 else None
    channels = inputs.shape[-1]
    if weights is None or channels is None:
        raise NoWriterError("a convolution of other than images")
    return _convolved(g, operation, out, inputs, weights, channels // weights.shape[1], bias)


@writes("ops.DepthwiseConv")
def depthwise(g: Graph, operation: Any, out: Any, inputs: Value, kernel: Any, bias: Any = None) -> Value:
    """A group for each channel."""
    weights = array_of(kernel)
    if weights.ndim != 4:
        raise NoWriterError("a convolution of other than images")
    height, width, channels, several = weights.shape
    weights = weights.transpose(2, 3, 0, 1).reshape(channels * several, 1, height, width)
    return _convolved(g, operation, out, inputs, weights, channels, bias)


def _convolved(g: Graph, operation: Any, out: Any, inputs: Value, weights: Any, groups: int, bias: Any) -> Value:
    strides, dilations = _pair(operation.strides), _pair(operation.dilation_rate)
    reach = [(size - 1) * step + 1 for size, step in zip(weights.shape[2:], dilations, strict=True)]
    name = g.add(
        "Conv",
        *_operands(g, operation, inputs, weights, bias),
        kernel_shape=weights.shape[2:],
        strides=strides,
        dilations=dilations,
        pads=_pads(operation, inputs, reach, strides),
        group=groups,
    )
    return Value(name, out.shape, out.dtype, channels_first=True)


@writes("ops.ConvTranspose")
def transposed(g: Graph, operation: Any, out: Any, inputs: Value, kernel: Any, bias: Any = None) -> Value:
    """The gradient of a convolution; where a stride is wider than the kernel, zeros follow the last pixel."""
    weights = array_of(kernel)
    if weights.ndim != 4 or operation.output_padding is not None:
        raise NoWriterError("a transposed convolution of other than images, or with an output padding")
    weights = weights.transpose(3, 2, 0, 1)
    strides, dilations = _pair(operation.strides), _pair(operation.dilation_rate)
    reach = [(size - 1) * step + 1 for size, step in zip(weights.shape[2:], dilations, strict=True)]
    surplus = [max(r - s, 0) if operation.padding == "same" else 0 for r, s in zip(reach, strides, strict=True)]
    name = g.add(
        "ConvTranspose",
        *_operands(g, operation, inputs, weights, bias),
        kernel_shape=weights.shape[2:],
        strides=strides,
        dilations=dilations,
        pads=[*(s // 2 for s in surplus), *(s - s // 2 for s in surplus)],
        output_padding=[max(s - r, 0) for r, s in zip(reach, strides, strict=True)],
    )
    return Value(name, out.shape, out.dtype, channels_first=True)


@writes("ops.MaxPool", "ops.AveragePool")
def pool(g: Graph, operation: Any, out: Any, inputs: Value) -> Value:
    """What the margin adds is no part of an average."""
    if len(inputs.shape) != 4 or operation.data_format != _BY_LAST:
        raise NoWriterError("pooling of other than images")
    size, strides = _pair(operation.pool_size), _pair(operation.strides or operation.pool_size)
    name = g.add(
        type(operation).__name__,
        g.channels_first(inputs).name,
        kernel_shape=size,
        strides=strides,
        pads=_pads(operation, inputs, size, strides),
    )
    return Value(name, out.shape, out.dtype, channels_first=True)


@writes("layers.UpSampling2D")
def up_sampling(g: Graph, layer: Any, out: Any, inputs: Value, **_: Any) -> Value:
    """Each pixel several times, or a blend between pixels."""
    if layer.data_format != _BY_LAST:
        raise NoWriterError("images with channels first")
    return _resized(g, inputs, out, layer.interpolation)


@writes("ops.Resize", "layers.Resizing")
def resize(g: Graph, operation: Any, out: Any, images: Value, **_: Any) -> Value:
    """To another size, without smoothing."""
    if (
        operation.antialias
        or operation.crop_to_aspect_ratio
        or operation.pad_to_aspect_ratio
        or operation.data_format != _BY_LAST
    ):
        raise NoWriterError("resizing with smoothing, crops or margins")
    return _resized(g, images, out, operation.interpolation)


def _resized(g: Graph, inputs: Value, out: Any, interpolation: str) -> Value:
    """`Resize`; by whole factors, `nearest` repeats each pixel."""
    before, after = inputs.shape[1:3], out.shape[1:3]
    if interpolation not in _MODES or None in (*before, *after):
        raise NoWriterError(f"resizing by {interpolation}, or of a free size")
    image = g.channels_first(inputs).name
    if all(new % old == 0 for old, new in zip(before, after, strict=True)):
        size = ["", g.constant([1, 1, *(new // old for old, new in zip(before, after, strict=True))], "float32")]
        repeats = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:  # rounded factors would round the size
        size = ["", "", g.add("Concat", g.add("Shape", image, end=2), g.integers(after), axis=0)]
        repeats = {"coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_ceil"}
    how = repeats if interpolation == "nearest" else {"coordinate_transformation_mode": "half_pixel"}
    return Value(g.add("Resize", image, *size, mode=_MODES[interpolation], **how), out.shape, out.dtype, True)


def _operands(g: Graph, operation: Any, inputs: Value, weights: Any, bias: Any) -> list[str]:
    if operation.data_format != _BY_LAST:
        raise NoWriterError("images with channels first")
    numbers = [weights] if bias is None else [weights, bias]
    return [g.channels_first(inputs).name, *(g.constant(array, inputs.dtype) for array in numbers)]


def _pads(operation: Any, inputs: Value, reach: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Margins at the top, the left, the bottom and the right; the larger half of `same` comes after the image."""
    if operation.padding == "valid":
        return [0] * 4
    margins = []
    for size, taps, stride in zip(inputs.shape[1:3], reach, strides, strict=True):
        if size is None:
            raise NoWriterError("padding of a free size")
        margins.append(max((-(-size // stride) - 1) * stride + taps - size, 0))
    return [*(margin // 2 for margin in margins), *(margin - margin // 2 for margin in margins)]


def _pair(setting: Any) -> list[int]:
    """A setting for both sides, or for each."""
    first, second = np.broadcast_to(np.asarray(setting), 2).tolist()
    return [first, second]
