"""Views: reshapes, transposes, crops, pads and repeats, as positions in a tensor that is computed.

An operator that only moves numbers is run once on their positions; the result says where each number is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from isthmus.graphs.reader.node import Fixed, GraphError, Node

Index = NDArray[np.int32]
"""Positions in the flat tensor of one image; -1 stands for a zero."""
PROBE = 2
"""Images in the batch for which shapes are computed."""
STRIDE = 1 << 40
"""Distance between the positions of one image and those of the next."""
MOVES = frozenset(
    {"Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherND", "Identity", "Pad", "Reshape", "Resize"}
    | {"Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"}
)
"""Operators that move numbers without changing them."""

_JOINING = "Concat"
"""The one move whose arguments are all data; of others only the first is."""
_WHOLE_COORDINATES = frozenset({"asymmetric", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel"})
"""Coordinate transformations that are exact as long as sides grow by whole factors."""


@dataclass(frozen=True, eq=False)
class View:
    """A tensor of the graph: numbers of a computed tensor, its source, in some order.

    Attributes:
        source: The number of the source.
        positions: For a batch of `PROBE` images, int64 of the tensor's shape: the position of each number in the flat
            tensor of its image, counted from 1, plus `STRIDE` for each image before it; 0 stands for a zero.  The batch
            is usually the first axis, but some exporters move it temporarily.
    """

    source: int
    positions: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape for a batch of `PROBE`."""
        return self.positions.shape

    def index(self) -> Index:
        """The positions for one image, in the tensor's shape without the batch; -1 stands for a zero.

        Raises:
            GraphError: If the first axis is not the batch, or images are mixed.
        """
        if self.positions.ndim == 0 or self.shape[0] != PROBE:
            raise GraphError("has a tensor with no batch as its first axis")
        first = self.positions[0]
        for image in range(1, PROBE):
            if (np.where(first == 0, 0, first + image * STRIDE) != self.positions[image]).any():
                raise GraphError("mixes the images of a batch")
        if (first >= STRIDE).any():
            raise GraphError("mixes the images of a batch")
        return np.asarray(first - 1, np.int32)


AnyView = TypeVar("AnyView", bound=View)


def positions_of(index: NDArray[np.integer]) -> NDArray[np.int64]:
    """The positions in a batch of numbers at an index, the same for each image."""
    offsets = np.arange(PROBE, dtype=np.int64).reshape(PROBE, *(1 for _ in index.shape)) * STRIDE
    return np.where(index[None] < 0, 0, index[None] + 1 + offsets)


def move(node: Node, arguments: Sequence[AnyView | Fixed | None]) -> list[AnyView]:
    """Move the positions of numbers; all views among the arguments are of the same source.

    Raises:
        GraphError: If the operator cannot be computed, or does more than move numbers.
    """
    data, others = (arguments, ()) if node.kind == _JOINING else (arguments[:1], arguments[1:])
    views = [argument for argument in data if isinstance(argument, View)]
    if len(views) < len(data) or any(isinstance(argument, View) for argument in others):
        raise GraphError(f"has the operator {node.name} of values where constants are expected")
    if len({view.source for view in views}) > 1:
        raise GraphError(f"has the operator {node.name} of several tensors")
    require_copies(node, arguments)
    moved = node.run([argument.positions if isinstance(argument, View) else argument for argument in arguments])
    if not _are_among(moved, views):
        raise GraphError(f"has the operator {node.name}, which here does more than move numbers")
    return [replace(views[0], positions=np.asarray(positions, np.int64)) for positions in moved]


def require_copies(node: Node, arguments: Sequence[View | Fixed | None]) -> None:
    """Check that a move copies numbers or adds zeros; `Pad` and `Resize` may do otherwise.

    Raises:
        GraphError: If it pads with other numbers, or resizes with interpolation or by factors that need rounding.
    """
    data, _, second, third = (*arguments, None, None, None)[:4]
    assert data is not None
    if node.kind == "Pad":
        value = node.attributes.get("value", 0) if second is None else second
        if node.attributes["mode"] == "constant" and (np.asarray(value) != 0).any():
            raise GraphError("pads with numbers other than zero")
    if node.kind == "Resize":
        shape = np.array(data.shape)[list(node.attributes.get("axes", range(len(data.shape))))]
        factors = np.asarray(second) if third is None else np.asarray(third) / shape
        if (
            node.attributes["mode"] != "nearest"
            or node.attributes["coordinate_transformation_mode"] not in _WHOLE_COORDINATES
            or node.attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch"
            or (factors != np.rint(factors)).any()
        ):
            raise GraphError(f"resizes ({node.name}) other than by repeating each number")


def _are_among(moved: Sequence[Fixed], views: Sequence[View]) -> bool:
    """Whether all positions after a move are positions before it, or zeros."""
    images, places = np.divmod(np.concatenate([view.positions.ravel() for view in views]), STRIDE)
    there = np.zeros((PROBE, int(places.max(initial=0)) + 1), np.bool_)
    there[images, places] = there[0, 0] = True
    for positions in moved:
        image, place = np.divmod(positions, STRIDE)
        inside = (image >= 0) & (image < PROBE) & (place < there.shape[1]) & (place == np.rint(place))
        if not inside.all() or not there[image.astype(np.int64), place.astype(np.int64)].all():
            return False
    return True
