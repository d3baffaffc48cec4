"""Keras's functional models as graphs of calls."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras


def graph_of(operation: Any) -> Any:
    """The graph of a model that consists of calls of layers, and has no code of its own; None for all else."""
    if isinstance(operation, keras.Sequential):
        return keras.Function(operation.inputs, operation.outputs)
    return operation if isinstance(operation, keras.Model) and isinstance(operation, keras.Function) else None


def calls(function: Any) -> Iterator[Any]:
    """The calls in a functional model or a `keras.Function`, each after those whose results it needs.

    Each has an `operation`, `arguments` with a method `fill_in`, and `outputs`, which are symbolic tensors.
    """
    # Keras has no public way through a graph that tells the calls of a shared layer apart.
    by_depth = function._nodes_by_depth
    for depth in sorted(by_depth, reverse=True):
        yield from (node for node in by_depth[depth] if not node.is_input)


def one_or_all(inputs: list[Any]) -> Any:
    """What a functional model takes: its input as it is, or the list of its inputs."""
    return inputs[0] if len(inputs) == 1 else inputs


def with_features(model: keras.Model, names: Sequence[str]) -> keras.Model:
    """A functional model with what inner layers give as further outputs.

    Args:
        model: A functional model whose outputs have names.
        names: Names of layers, also of models within the model; each is the name of its output too.

    Raises:
        KeyError: If it has no layer of a name.
    """
    if not names:
        return model
    features: dict[str, Any] = {}

    def results(function: Any, tensors: Sequence[Any]) -> list[Any]:
        known = dict(zip(map(id, function.inputs), tensors, strict=True))
        for call in calls(function):
            args, kwargs = call.arguments.fill_in(known)
            if inner := graph_of(call.operation):
                found = results(inner, keras.tree.flatten(args))
            else:
                found = keras.tree.flatten(call.operation(*args, **kwargs))
            known.update(zip(map(id, call.outputs), found, strict=True))
            features[call.operation.name] = found[0]
        return [known[id(tensor)] for tensor in function.outputs]

    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in model.inputs]
    outputs = keras.tree.pack_sequence_as(model.output, results(model, inputs))
    return keras.Model(one_or_all(inputs), {**outputs, **{name: features[name] for name in names}}, name=model.name)
