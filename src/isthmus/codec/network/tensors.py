"""Tensors of a graph as the codec reads them, and its element-wise operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.scalars import Expression, X, evaluate
from isthmus.graphs.reader.node import Fixed, GraphError, Node
from isthmus.graphs.reader.view import View, positions_of

_NUMBERS = {"LeakyRelu": ("alpha",), "Elu": ("alpha",)}
"""The attributes of element-wise operators that are arguments of their functions."""


@dataclass(frozen=True, eq=False)
class Tensor(View):
    """Numbers of a node in some order, with a function of each that is not applied yet.

    Attributes:
        function: The pending function.
    """

    function: Expression = X


def tensor_of(node: int, index: NDArray[np.integer], function: Expression = X) -> Tensor:
    """The tensor whose numbers are at an index of a node, the same for each image."""
    return Tensor(node, positions_of(index), function)


def by_decimals(node: Node, arguments: Sequence[Fixed | None]) -> Fixed:
    """Compute an element-wise operator on constants, with the same result on every machine."""
    known = [np.asarray(argument) for argument in operands(node, arguments)]
    arrays = np.broadcast_arrays(*known)
    points = np.stack([array.ravel() for array in arrays], axis=-1).astype(np.float64)
    different, places = np.unique(points, axis=0, return_inverse=True)
    numbers = tuple(("constant", Fraction(float(value))) for value in numbers_of(node))
    results = [
        float(evaluate((node.kind, *(("constant", Fraction(float(v))) for v in point), *numbers), Fraction(0)))
        for point in different
    ]
    return np.array(results)[places].reshape(arrays[0].shape)


def operands(node: Node, arguments: Sequence[Tensor | Fixed | None]) -> list[Tensor | Fixed]:
    """The arguments of an element-wise operator, with default bounds for `Clip`."""
    if node.kind == "Clip":
        x, low, high = (*arguments, None, None)[:3]
        arguments = [x, np.array(-np.inf) if low is None else low, np.array(np.inf) if high is None else high]
    return [argument for argument in arguments if argument is not None]


def numbers_of(node: Node) -> tuple[float, ...]:
    """The attributes of an element-wise operator, as numbers.

    Raises:
        GraphError: If an attribute makes it another function than the codec knows.
    """
    if node.attributes.get("approximate", "none") != "none":
        raise GraphError(f"has the operator {node.name} by approximation")
    return tuple(node.attributes[name] for name in _NUMBERS.get(node.kind, ()))
