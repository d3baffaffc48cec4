"""The way through a graph that all its readers share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic

import numpy as np
import onnx

from isthmus.graphs.reader.node import Fixed, GraphError, Node, nodes_for
from isthmus.graphs.reader.view import MOVES, AnyView, View, move, require_copies

FOLDED = MOVES | frozenset(
    {"Add", "Cast", "Constant", "ConstantOfShape", "Div", "Equal", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Range"}
    | {"ReduceProd", "Shape", "Sub", "Where"}
)
"""Operators that are computed directly on constants: each result is rounded once, or exact, on every machine."""


class Reader(ABC, Generic[AnyView]):
    """Reads a graph of one input: moves become views, what depends on no input becomes a constant.

    A subclass computes the rest. Only operators that it names, and those of `FOLDED`, are let through.

    Args:
        model: The graph, as `open_graph` gives it.
        start: The input, for a batch.
    """

    operators: ClassVar[frozenset[str]]
    """What `compute` can compute."""

    def __init__(self, model: onnx.ModelProto, start: AnyView) -> None:
        self._model = model
        self._values: dict[str, AnyView | Fixed] = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self._values[model.graph.input[0].name] = start

    @abstractmethod
    def compute(self, node: Node, arguments: Sequence[Any]) -> AnyView | Fixed:
        """Compute a node of one output.

        Args:
            node: A node with one of `operators`.
            arguments: A view, a constant or None, for each input; they may all be constants.
        """

    def gathered(self, node: Node, arguments: Sequence[Any]) -> Sequence[Any]:
        """The arguments of a move, ready to be moved: all views of one source."""
        return arguments

    def read(self, outputs: Sequence[str]) -> Mapping[str, AnyView | Fixed]:
        """Read what outputs need, and return them by name.

        Raises:
            GraphError: If the graph has something that cannot be read.
        """
        for node in nodes_for(self._model, outputs):
            if missing := {name for name in node.proto.input if name} - self._values.keys():
                raise GraphError(f"has the operator {node.name} of {min(missing)}, which its input does not give")
            arguments = [self._values[name] if name else None for name in node.proto.input]
            self._values.update(zip(node.proto.output, self._results(node, arguments), strict=False))
        return {name: self._values[name] for name in outputs}

    def _results(self, node: Node, arguments: Sequence[Any]) -> Sequence[AnyView | Fixed]:
        if node.kind == "Shape" and isinstance(arguments[0], View):
            shape = np.array(arguments[0].shape, np.int64)
            return [shape[node.attributes.get("start", 0) : node.attributes.get("end", len(shape))]]
        if not any(isinstance(argument, View) for argument in arguments):
            if node.kind in FOLDED:
                if node.kind == "Resize":
                    require_copies(node, arguments)
                return node.run(_of_one_width(arguments))
        elif node.kind in MOVES:
            return move(node, self.gathered(node, arguments))
        if node.kind not in self.operators:
            raise GraphError(f"has the operator {node.name}")
        return [self.compute(node, arguments)]


def _of_one_width(arguments: Sequence[Fixed | None]) -> list[Fixed | None]:
    """Floats as float64 if some are, since operators need one type and computed functions give float64."""
    kinds = {argument.dtype for argument in arguments if argument is not None and argument.dtype.kind == "f"}
    wide = [a.astype(np.float64) if a is not None and a.dtype.kind == "f" else a for a in arguments]
    return wide if len(kinds) > 1 else list(arguments)
