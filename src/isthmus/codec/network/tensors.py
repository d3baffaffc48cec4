"""Tensors of an exported graph, as positions in the nodes of a network.

An operator that only moves numbers is run once on their positions; the result is the index by which the network reads
them.  Tensors that do not depend on the image, such as shapes, are computed directly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from isthmus.codec.arithmetic.scalars import OPERATORS, Expression, X, evaluate
from isthmus.codec.network.gather import Index
from isthmus.errors import RunError

PROBE = 2
"""Images in the batch for which shapes are computed."""
STRIDE = 1 << 40
"""Distance between the positions of one image and those of the next."""
MOVES = frozenset(
    {"Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherND", "Identity", "Pad", "Reshape", "Resize"}
    | {"Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"}
)
"""Operators that move numbers without changing them."""
FOLDED = MOVES | frozenset(
    {"Add", "Cast", "Constant", "ConstantOfShape", "Div", "Equal", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Range"}
    | {"ReduceProd", "Shape", "Sub", "Where"}
)
"""Operators that are computed directly on constants: each result is rounded once, or exact."""

_JOINING = "Concat"
"""The one move whose arguments are all data; of others only the first is."""
_WHOLE_COORDINATES = frozenset({b"asymmetric", b"half_pixel", b"half_pixel_symmetric", b"pytorch_half_pixel"})
"""Coordinate transformations that are exact as long as sides grow by whole factors."""
_NUMBERS = {"LeakyRelu": {"alpha": 0.01}, "Elu": {"alpha": 1.0}}
"""Supported attributes of element-wise operators, with their defaults."""

Fixed = NDArray[Any]
Attributes = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the graph: numbers of a node in some order, with a function of each that is not applied yet.

    Attributes:
        node: The number of the node.
        positions: For a batch of `PROBE` images, int64 of the tensor's shape: the position of each number in the flat
            tensor of its image, counted from 1, plus `STRIDE` for each image before it; 0 stands for a zero.  The batch
            is usually the first axis, but some exporters move it temporarily.
        function: The pending function.
    """

    node: int
    positions: NDArray[np.int64]
    function: Expression = X

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape for a batch of `PROBE`."""
        return self.positions.shape

    def index(self, where: str) -> Index:
        """The positions for one image, in the tensor's shape without the batch; -1 stands for a zero.

        Raises:
            RunError: If the first axis is not the batch, or images are mixed.
        """
        if self.positions.ndim == 0 or self.shape[0] != PROBE:
            raise RunError(f"{where}: a tensor of the graph has no batch as its first axis.")
        first = self.positions[0]
        for image in range(1, PROBE):
            if (np.where(first == 0, 0, first + image * STRIDE) != self.positions[image]).any():
                raise RunError(f"{where}: the graph mixes the images of a batch.")
        if (first >= STRIDE).any():
            raise RunError(f"{where}: the graph mixes the images of a batch.")
        return np.asarray(first - 1, np.int32)


def tensor_of(node: int, index: NDArray[np.integer], function: Expression = X) -> Tensor:
    """The tensor whose numbers are at an index of a node, the same for each image."""
    offsets = np.arange(PROBE, dtype=np.int64).reshape(PROBE, *(1 for _ in index.shape)) * STRIDE
    return Tensor(node, np.where(index[None] < 0, 0, index[None] + 1 + offsets), function)


def attributes_of(node: onnx.NodeProto) -> Attributes:
    """The attributes of a node, by name."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def fold(node: onnx.NodeProto, arguments: Sequence[Fixed | None], opset: int, where: str) -> list[Fixed]:
    """Compute a node whose arguments are all constants.

    Raises:
        RunError: If its result may differ between machines, or it cannot be computed.
    """
    if node.op_type == "Resize":
        _require_copies(node, arguments, where)
    if node.op_type in OPERATORS and node.op_type not in FOLDED:
        return [_by_decimals(node, arguments, where)]
    if node.op_type not in FOLDED:
        raise RunError(refusal(node, where))
    return _run(node, _of_one_width(arguments), opset, where)


def move(node: onnx.NodeProto, arguments: Sequence[Tensor | Fixed | None], opset: int, where: str) -> list[Tensor]:
    """Move the positions of numbers; all tensors among the arguments refer to the same node.

    Raises:
        RunError: If the operator cannot be computed, or does more than move numbers.
    """
    data, others = (arguments, ()) if node.op_type == _JOINING else (arguments[:1], arguments[1:])
    tensors = [argument for argument in data if isinstance(argument, Tensor)]
    if len(tensors) < len(data) or any(isinstance(argument, Tensor) for argument in others):
        raise RunError(refusal(node, where))
    _require_copies(node, arguments, where)
    given = [argument.positions if isinstance(argument, Tensor) else argument for argument in arguments]
    moved = _run(node, given, opset, where)
    if not _are_among(moved, tensors):
        raise RunError(refusal(node, where))
    return [replace(tensors[0], positions=np.asarray(positions, np.int64)) for positions in moved]


def _of_one_width(arguments: Sequence[Fixed | None]) -> list[Fixed | None]:
    """Floats as float64 if some are, since operators need one type and computed functions give float64."""
    kinds = {argument.dtype for argument in arguments if argument is not None and argument.dtype.kind == "f"}
    wide = [a.astype(np.float64) if a is not None and a.dtype.kind == "f" else a for a in arguments]
    return wide if len(kinds) > 1 else list(arguments)


def _require_copies(node: onnx.NodeProto, arguments: Sequence[Tensor | Fixed | None], where: str) -> None:
    """Check that a move copies numbers or adds zeros; `Pad` and `Resize` may do otherwise.

    Raises:
        RunError: If it pads with other numbers, or resizes with interpolation or by factors that need rounding.
    """
    attributes = attributes_of(node)
    data, _, second, third = (*arguments, None, None, None)[:4]
    assert data is not None
    if node.op_type == "Pad":
        value = attributes.get("value", 0) if second is None else second
        if attributes.get("mode", b"constant") == b"constant" and (np.asarray(value) != 0).any():
            raise RunError(f"{where}: the graph pads with a number other than 0, which has no exact copy.")
    if node.op_type == "Resize":
        shape = np.array(data.shape)[list(attributes.get("axes", range(len(data.shape))))]
        factors = np.asarray(second) if third is None else np.asarray(third) / shape
        if (
            attributes.get("mode", b"nearest") != b"nearest"
            or attributes.get("coordinate_transformation_mode", b"half_pixel") not in _WHOLE_COORDINATES
            or attributes.get("keep_aspect_ratio_policy", b"stretch") != b"stretch"
            or (factors != np.rint(factors)).any()
        ):
            raise RunError(
                f"{where}: the graph resizes ({node.name or node.output[0]}) other than by repeating each number, "
                "which has no exact copy."
            )


def _are_among(moved: Sequence[Fixed], tensors: Sequence[Tensor]) -> bool:
    """Whether all positions after a move are positions before it, or zeros."""
    images, places = np.divmod(np.concatenate([tensor.positions.ravel() for tensor in tensors]), STRIDE)
    there = np.zeros((PROBE, int(places.max(initial=0)) + 1), np.bool_)
    there[images, places] = there[0, 0] = True
    for positions in moved:
        image, place = np.divmod(positions, STRIDE)
        inside = (image >= 0) & (image < PROBE) & (place < there.shape[1]) & (place == np.rint(place))
        if not inside.all() or not there[image.astype(np.int64), place.astype(np.int64)].all():
            return False
    return True


def refusal(node: onnx.NodeProto, where: str) -> str:
    """Why a node has no exact copy."""
    return (
        f"{where}: the graph's operator {node.op_type} ({node.name or node.output[0]}) has no exact copy in whole "
        "numbers, so this network cannot compress. Networks of isthmus's own recipes can."
    )


def _run(node: onnx.NodeProto, arguments: Sequence[Fixed | None], opset: int, where: str) -> list[Fixed]:
    if node.op_type == "Constant":
        attribute = node.attribute[0]
        value = helper.get_attribute_value(attribute)
        return [numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)]
    given = {name: value for name, value in zip(node.input, arguments, strict=True) if name}
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(name, onnx.TensorProto.UNDEFINED, None) for name in given],
        [helper.make_tensor_value_info(name, onnx.TensorProto.UNDEFINED, None) for name in node.output],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    try:
        return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, given)]
    except Exception as error:  # operators fail with errors of many types
        raise RunError(f"{where}: {node.op_type} ({node.name}) cannot be computed ({error}).") from None


def _by_decimals(node: onnx.NodeProto, arguments: Sequence[Fixed | None], where: str) -> Fixed:
    known = [np.asarray(argument) for argument in operands(node, arguments)]
    arrays = np.broadcast_arrays(*known)
    points = np.stack([array.ravel() for array in arrays], axis=-1).astype(np.float64)
    different, places = np.unique(points, axis=0, return_inverse=True)
    numbers = tuple(("constant", Fraction(float(value))) for value in numbers_of(node, where))
    results = [
        float(evaluate((node.op_type, *(("constant", Fraction(float(v))) for v in point), *numbers), Fraction(0)))
        for point in different
    ]
    return np.array(results)[places].reshape(arrays[0].shape)


def operands(node: onnx.NodeProto, arguments: Sequence[Tensor | Fixed | None]) -> list[Tensor | Fixed]:
    """The arguments of an element-wise operator, with default bounds for `Clip`."""
    if node.op_type == "Clip":
        x, low, high = (*arguments, None, None)[:3]
        arguments = [x, np.array(-np.inf) if low is None else low, np.array(np.inf) if high is None else high]
    return [argument for argument in arguments if argument is not None]


def numbers_of(node: onnx.NodeProto, where: str) -> tuple[float, ...]:
    """The attributes of an element-wise operator, as numbers.

    Raises:
        RunError: If an attribute is not supported.
    """
    known, attributes = _NUMBERS.get(node.op_type, {}), attributes_of(node)
    if node.op_type == "Gelu" and attributes.get("approximate") == b"none":
        del attributes["approximate"]
    if not attributes.keys() <= known.keys():
        raise RunError(refusal(node, where))
    return tuple(attributes.get(name, number) for name, number in known.items())
