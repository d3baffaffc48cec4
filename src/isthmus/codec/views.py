"""What an exporter's graph does to shapes, worked out before anything is computed.

An operator that only moves numbers is run once on their positions: what comes out is the index by which a network
reads them.  What does not depend on the image at all, shapes among it, is computed outright.
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

from isthmus.codec.fixed_point import Index
from isthmus.codec.scalars import OPERATORS, Expression, X, evaluate
from isthmus.errors import RunError

PROBE = 2
"""Images in the batch for which shapes are worked out."""
STRIDE = 1 << 40
"""What tells the positions of one image from those of the next."""
MOVES = frozenset(
    {"Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherND", "Identity", "Pad", "Reshape", "Resize"}
    | {"Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"}
)
"""Operators that move numbers and leave them as they are."""
FOLDED = MOVES | frozenset(
    {"Add", "Cast", "Constant", "ConstantOfShape", "Div", "Equal", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Range"}
    | {"ReduceProd", "Shape", "Sub", "Where"}
)
"""Operators that are computed outright on what does not depend on the image: each result is rounded once, or not."""

Fixed = NDArray[Any]
Attributes = dict[str, Any]


@dataclass(frozen=True, eq=False)
class View:
    """A tensor of the graph: numbers of a node, read in an order, and a function of each that waits to be applied.

    Attributes:
        node: The node, by number.
        positions: For a batch of `PROBE` images, int64 of the tensor's shape: where each number lies in its image's
            flat tensor, counted from 1, plus `STRIDE` for each image before it; 0 stands for a zero.  The batch is
            mostly the first axis, but some exporters carry it elsewhere for a while.
        function: Of each number.
    """

    node: int
    positions: NDArray[np.int64]
    function: Expression = X

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape for a batch of `PROBE`."""
        return self.positions.shape

    def index(self, where: str) -> Index:
        """Where each number lies, for one image, in the tensor's shape without the batch; -1 stands for a zero.

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


def view_of(node: int, index: NDArray[np.integer], function: Expression = X) -> View:
    """The view whose numbers lie at an index, for each image alike."""
    offsets = np.arange(PROBE, dtype=np.int64).reshape(PROBE, *(1 for _ in index.shape)) * STRIDE
    return View(node, np.where(index[None] < 0, 0, index[None] + 1 + offsets), function)


def attributes_of(node: onnx.NodeProto) -> Attributes:
    """The attributes of a node, by name."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def fold(node: onnx.NodeProto, arguments: Sequence[Fixed | None], opset: int, where: str) -> list[Fixed]:
    """Compute a node whose arguments are all known.

    Raises:
        RunError: If it is of a kind whose result may differ between machines, or cannot be computed.
    """
    if node.op_type in OPERATORS and node.op_type not in FOLDED:
        return [_by_decimals(node, arguments)]
    if node.op_type not in FOLDED:
        raise RunError(refusal(node, where))
    return _run(node, arguments, opset, where)


def move(node: onnx.NodeProto, arguments: Sequence[View | Fixed | None], opset: int, where: str) -> list[View]:
    """What becomes of the positions of numbers: all views among the arguments read the same node.

    Raises:
        RunError: If the node cannot be worked out.
    """
    view = next(argument for argument in arguments if isinstance(argument, View))
    moved = _run(node, [a.positions if isinstance(a, View) else a for a in arguments], opset, where)
    return [replace(view, positions=np.asarray(positions, np.int64)) for positions in moved]


def refusal(node: onnx.NodeProto, where: str) -> str:
    """Why a node has no exact copy."""
    return (
        f"{where}: the graph's operator {node.op_type} ({node.name or node.output[0]}) has no exact copy in whole "
        "numbers, so the codec cannot use this network. Networks of isthmus's own recipes can be used."
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
    except Exception as error:  # each operator has its own ways to fail
        raise RunError(f"{where}: {node.op_type} ({node.name}) cannot be worked out ({error}).") from None


def _by_decimals(node: onnx.NodeProto, arguments: Sequence[Fixed | None]) -> Fixed:
    known = [np.asarray(argument) for argument in arguments if argument is not None]
    arrays = np.broadcast_arrays(*known)
    points = np.stack([array.ravel() for array in arrays], axis=-1).astype(np.float64)
    different, places = np.unique(points, axis=0, return_inverse=True)
    numbers = tuple(("constant", Fraction(float(value))) for value in numbers_of(node))
    results = [
        float(evaluate((node.op_type, *(("constant", Fraction(float(v))) for v in point), *numbers), Fraction(0)))
        for point in different
    ]
    return np.array(results)[places].reshape(arrays[0].shape)


def numbers_of(node: onnx.NodeProto) -> tuple[float, ...]:
    """The numbers that an element-wise operator has besides its arguments.

    Raises:
        RunError: If an attribute asks for what is not known.
    """
    given = attributes_of(node)
    if node.op_type == "LeakyRelu":
        return (given.get("alpha", 0.01),)
    if node.op_type == "Elu":
        return (given.get("alpha", 1.0),)
    if node.op_type == "Gelu" and given.get("approximate", b"none") != b"none":
        raise RunError(refusal(node, "gelu by tanh"))
    return ()
