"""Writing a whole model: the walk through its graph of layers, and through the operations of each layer."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import onnx

from isthmus.graphs.functional import calls, graph_of
from isthmus.graphs.writer import functions, images, moves, reductions
from isthmus.graphs.writer.graph import Graph, Value
from isthmus.graphs.writer.registry import NoWriterError, writer_of

WRITERS = (functions, images, moves, reductions)
"""The modules whose functions `writes` registers."""


def write_model(model: keras.Model, names: Sequence[str]) -> onnx.ModelProto:
    """Write a functional model.

    Args:
        model: The model; its inputs give the names of the graph's.
        names: Of its outputs, those that the graph has too; in their order.

    Raises:
        NoWriterError: If it has a layer, an operation or a setting without a writer.
    """
    graph = Graph()
    inputs = [Value(tensor.name, tensor.shape, tensor.dtype) for tensor in model.inputs]
    values = _Walk(graph).through(model, dict(zip(map(id, model.inputs), inputs, strict=True)))
    return graph.to_model(inputs, [(name, values[id(model.output[name])]) for name in names])


class _Walk:
    """Writes calls in order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def through(self, function: Any, values: Mapping[int, Value]) -> dict[int, Value]:
        """Write a functional model or a `keras.Function`, from values of its inputs by `id`; all values by `id`."""
        known = dict(values)
        for node in calls(function):
            args, kwargs = node.arguments.fill_in(known)
            made = self._called(node.operation, args, kwargs, node.outputs)
            known.update(zip(map(id, node.outputs), made, strict=True))
        return known

    def _called(self, operation: Any, args: Any, kwargs: Mapping[str, Any], outs: Sequence[Any]) -> list[Value]:
        """Write the call of a layer or an operation, and return its outputs."""
        if inner := graph_of(operation):
            given = zip(map(id, inner.inputs), keras.tree.flatten(args), strict=True)
            known = self.through(inner, dict(given))
            return [known[id(tensor)] for tensor in inner.outputs]
        if self.graph.layer or not isinstance(operation, keras.layers.Layer):
            return self._written(operation, args, kwargs, outs)
        self.graph.layer = _name_of(operation)
        try:
            return self._written(operation, args, kwargs, outs)
        except NoWriterError as error:
            raise NoWriterError(f"layer {operation.name!r} ({type(operation).__name__}) has {error}") from None
        finally:
            self.graph.layer = ""

    def _written(self, operation: Any, args: Any, kwargs: Mapping[str, Any], outs: Sequence[Any]) -> list[Value]:
        write = writer_of(operation)
        if write is not None:
            found = write(self.graph, operation, outs[0] if len(outs) == 1 else outs, *args, **kwargs)
            made = found if isinstance(found, list) else [found]
            activation = getattr(operation, "activation", None)
            if activation in functions.UNTRACED:
                return [functions.apply(self.graph, functions.UNTRACED[activation], made[0])]
            return made if activation is None else self._traced(activation, made, {}, outs)
        if isinstance(operation, keras.layers.Layer):
            return self._traced(operation.call, args, kwargs, outs)
        raise NoWriterError(f"the operation {type(operation).__name__}")

    def _traced(
        self, call: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], outs: Sequence[Any]
    ) -> list[Value]:
        """Write what a function does of which only the code is known, by calling it with symbols for its tensors."""
        symbols: list[Any] = []
        values: dict[int, Value] = {}

        def symbol_for(argument: Any) -> Any:
            if not isinstance(argument, Value):
                return argument
            symbols.append(keras.Input(batch_shape=argument.shape, dtype=argument.dtype))
            values[id(symbols[-1])] = argument
            return symbols[-1]

        args, kwargs = keras.tree.map_structure(symbol_for, (list(args), dict(kwargs)))
        if "training" in inspect.signature(call).parameters:
            kwargs = {**kwargs, "training": False}
        try:
            results = keras.tree.flatten(call(*args, **kwargs))
        except Exception as error:  # each framework has its own for a symbol where it wants numbers
            raise NoWriterError("code of other than Keras's operations") from error
        made = [tensor for tensor in results if id(tensor) not in values]
        if made:
            values = self.through(keras.Function(symbols, made), values)
        # In a trace more sides may be free than in the model.
        return [replace(values[id(tensor)], shape=out.shape) for tensor, out in zip(results, outs, strict=True)]


def _name_of(layer: keras.layers.Layer) -> str:
    """The layer's name, without the number that Keras gives to nameless ones: it depends on the process."""
    kind = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    kind = re.sub("([a-z])([A-Z])", r"\1_\2", kind).lower()
    return kind if re.fullmatch(rf"{kind}(_\d+)?", layer.name) else str(layer.name)
