"""Operations that move numbers: reshapes, slices, transposes, concatenations, padding, repeats."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isthmus.graphs.writer.graph import Graph, Value, array_of, channels_first_axis
from isthmus.graphs.writer.registry import NoWriterError, writes

_END = np.iinfo(np.int64).max
_PADDINGS = {"constant": "constant", "reflect": "reflect", "edge": "edge"}


def reshaped(g: Graph, x: Value, shape: Sequence[int | None]) -> Value:
    """The numbers in their order in Keras, in another shape, of which one side may be free."""
    free = [i for i, size in enumerate(shape) if size is None]
    if len(free) > 1:
        raise NoWriterError("a shape with several free sides")
    sizes = g.integers(-1 if size is None else size for size in shape)
    return Value(g.add("Reshape", g.channels_last(x).name, sizes), tuple(shape), x.dtype)


def transposed(g: Graph, x: Value, axes: Sequence[int]) -> Value:
    """The axes in another order."""
    name = g.add("Transpose", g.channels_last(x).name, perm=list(axes))
    return Value(name, tuple(x.shape[axis] for axis in axes), x.dtype)


@writes("ops.Reshape")
def reshape(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """To a shape of which the batch is free."""
    return reshaped(g, x, out.shape)


@writes("ops.Squeeze", "ops.ExpandDims")
def side_of_one(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Without or with a side of 1."""
    kind = {"Squeeze": "Squeeze", "ExpandDims": "Unsqueeze"}[type(operation).__name__]
    if operation.axis is None:
        return reshaped(g, x, out.shape)
    axes = np.ravel(operation.axis).tolist()
    return Value(g.add(kind, g.channels_last(x).name, g.integers(axes)), out.shape, out.dtype)


@writes("ops.Transpose", "ops.Swapaxes", "ops.Moveaxis")
def transpose(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Axes in another order, however Keras has it said."""
    match type(operation).__name__:
        case "Transpose":
            axes = list(operation.axes or reversed(range(len(x.shape))))
        case "Swapaxes":
            axes = list(range(len(x.shape)))
            axes[operation.axis1], axes[operation.axis2] = axes[operation.axis2], axes[operation.axis1]
        case _:
            axes = list(np.moveaxis(np.empty(range(len(x.shape))), operation.source, operation.destination).shape)
    return transposed(g, x, axes)


@writes("ops.GetItem")
def get_item(g: Graph, operation: Any, out: Any, x: Value, key: Any) -> Value:
    """Slices, whole numbers, new axes and an ellipsis."""
    parts = list(key) if isinstance(key, tuple | list) else [key]
    missing = len(x.shape) - sum(part is not None and part is not Ellipsis for part in parts)
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    parts[at : at + 1] = [slice(None)] * missing
    cuts: list[tuple[int, int, int, int]] = []
    dropped: list[int] = []
    new: list[int] = []
    axis = 0
    for place, part in enumerate(parts):
        if part is None:
            new.append(place - len(dropped))
            continue
        if isinstance(part, slice):
            if part != slice(None):
                cuts.append((axis, *_bounds(part, x.shape[axis])))
        else:
            cuts.append((axis, int(part), int(part) + 1 or _END, 1))
            dropped.append(axis)
        axis += 1
    found = x if not (dropped or new) else g.channels_last(x)
    name = found.name
    if cuts:
        axes, starts, ends, steps = zip(*cuts, strict=True)
        if found.channels_first:
            axes = tuple(channels_first_axis(axis) for axis in axes)
        name = g.add("Slice", name, *(g.integers(numbers) for numbers in (starts, ends, axes, steps)))
    if dropped:
        name = g.add("Squeeze", name, g.integers(dropped))
    if new:
        name = g.add("Unsqueeze", name, g.integers(new))
    return Value(name, out.shape, out.dtype, found.channels_first)


def _bounds(part: slice, size: int | None) -> tuple[int, int, int]:
    """The start, the end and the step of a slice of a side."""
    step = 1 if part.step is None else int(part.step)
    if size is not None:
        start, end, step = part.indices(size)
        return start, end if end >= 0 else -_END, step
    if step < 0:
        raise NoWriterError("a free side in reverse")
    return int(part.start or 0), _END if part.stop is None else int(part.stop), step


@writes("ops.Concatenate")
def concatenate(g: Graph, operation: Any, out: Any, xs: Sequence[Any]) -> Value:
    """Along one axis; channels first where one of them is."""
    names, channels_first = g.aligned(xs, [out.dtype] * len(xs))
    axis = operation.axis % len(out.shape)
    axis = channels_first_axis(axis) if channels_first else axis
    return Value(g.add("Concat", *names, axis=axis), out.shape, out.dtype, channels_first)


@writes("ops.Stack")
def stack(g: Graph, operation: Any, out: Any, x: Sequence[Value]) -> Value:
    """Along a new axis."""
    axis = operation.axis % len(out.shape)
    names = [g.add("Unsqueeze", g.cast(g.channels_last(one), out.dtype).name, g.integers([axis])) for one in x]
    return Value(g.add("Concat", *names, axis=axis), out.shape, out.dtype)


@writes("ops.Split")
def split(g: Graph, operation: Any, out: list[Any], x: Value) -> list[Value]:
    """In parts of whole sizes."""
    axis = operation.axis % len(x.shape)
    sizes = g.integers(part.shape[axis] for part in out)
    names = g.add_several("Split", g.channels_last(x).name, sizes, outputs=len(out), axis=axis)
    return [Value(name, part.shape, part.dtype) for name, part in zip(names, out, strict=True)]


@writes("ops.Pad")
def pad(g: Graph, operation: Any, out: Any, x: Value, constant_values: Any = None) -> Value:
    """With zeros or another number, with the edge, or mirrored."""
    if operation.mode not in _PADDINGS:
        raise NoWriterError(f"padding of mode {operation.mode}")
    margins = np.broadcast_to(np.asarray(operation.pad_width), (len(x.shape), 2))
    if x.channels_first:
        margins = margins[[0, 3, 1, 2]]
    filling = [g.constant(constant_values, x.dtype)] if constant_values else []
    name = g.add("Pad", x.name, g.integers(margins.T.ravel().tolist()), *filling, mode=_PADDINGS[operation.mode])
    return Value(name, out.shape, out.dtype, x.channels_first)


@writes("ops.Repeat")
def repeat(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Each number several times in a row."""
    if operation.axis is None or not isinstance(operation.repeats, int):
        raise NoWriterError("repeats that differ, or of no axis")
    axis = operation.axis % len(x.shape)
    wide = g.add("Unsqueeze", g.channels_last(x).name, g.integers([axis + 1]))
    times = [1] * (len(x.shape) + 1)
    times[axis + 1] = operation.repeats
    tiled = Value(g.add("Tile", wide, g.integers(times)), out.shape, out.dtype)
    return reshaped(g, tiled, out.shape)


@writes("ops.Tile")
def tile(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """All numbers several times in a row."""
    times = np.ravel(operation.repeats).tolist()
    if len(times) > len(x.shape):
        raise NoWriterError("a tile of more axes than the tensor has")
    times = [1] * (len(x.shape) - len(times)) + times
    return Value(g.add("Tile", g.channels_last(x).name, g.integers(times)), out.shape, out.dtype)


@writes("ops.Take")
def take(g: Graph, operation: Any, out: Any, x: Any, indices: Any) -> Value:
    """Rows of a table, or of a tensor."""
    if operation.axis is None:
        raise NoWriterError("taking from a flat tensor")
    table = g.channels_last(x).name if isinstance(x, Value) else g.constant(x, out.dtype)
    chosen = g.channels_last(g.cast(indices, "int64")).name if isinstance(indices, Value) else None
    chosen = g.constant(indices, "int64") if chosen is None else chosen
    rank = len(x.shape) if isinstance(x, Value) else array_of(x).ndim
    return Value(g.add("Gather", table, chosen, axis=operation.axis % rank), out.shape, out.dtype)


@writes("ops.DepthToSpace", "ops.SpaceToDepth")
def rearranged(g: Graph, operation: Any, out: Any, x: Value) -> Value:
    """Blocks of pixels from channels, or channels from blocks of pixels."""
    if operation.data_format != "channels_last":
        raise NoWriterError("images with channels first")
    name = g.add(type(operation).__name__, g.channels_first(x).name, blocksize=operation.block_size)
    return Value(name, out.shape, out.dtype, channels_first=True)
