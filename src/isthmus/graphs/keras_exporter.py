"""Keras's own exporters, for layers that the writer does not know."""

import contextlib
import importlib.util
import io
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import onnx
import onnx.inliner

from isthmus.errors import ExportError
from isthmus.graphs.functional import one_or_all

PACKAGES = {"tensorflow": "tf2onnx", "jax": "jax2onnx", "torch": "onnxscript"}
"""What the exporter of each backend needs."""


def export_with_keras(model: keras.Model, names: Sequence[str], reason: str) -> onnx.ModelProto:
    """Export a functional model as `write_model` would, but with nodes as the backend's exporter makes them.

    Args:
        model: The model; its inputs give the names of the graph's.
        names: Of its outputs, those that the graph has too; in their order.
        reason: Why the writer cannot, for messages.

    Raises:
        ExportError: If the exporter's package is not installed.
    """
    package = PACKAGES[keras.config.backend()]
    if importlib.util.find_spec(package) is None:
        raise ExportError(
            f"{reason}, which isthmus cannot write as ONNX. Install Keras's exporter (pip install {package}), or give "
            "the layer's class a method to_onnx. The weights are kept."
        )
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(scratch) / "graph.onnx"
        # Not every backend keeps the names of a dictionary's outputs; all of them keep the order of a list.
        listed = keras.Model(one_or_all(model.inputs), [model.output[name] for name in names], name=model.name)
        # Keras exports only models that have been called.
        listed(one_or_all([keras.ops.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in listed.inputs]))
        # The exporters write to both streams, also on success.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            listed.export(path, format="onnx", verbose=False)
        graph = onnx.load(path)
    _rename(
        graph,
        dict(zip((i.name for i in graph.graph.input), (i.name for i in model.inputs), strict=True)),
        dict(zip((o.name for o in graph.graph.output), names, strict=True)),
    )
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    _forget_origin(graph)
    return onnx.inliner.inline_local_functions(graph)  # a `Session` takes none


def _rename(graph: onnx.ModelProto, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Rename a graph's ends, wherever its nodes speak of them."""
    new = {**inputs, **outputs}
    # An inner value that happens to have a new name already gets out of its way.
    inner = {name for node in graph.graph.node for name in (*node.input, *node.output)}
    new.update({name: f"inner_{name}" for name in new.values() if name in inner and name not in new})
    for node in graph.graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.value_info, *graph.graph.initializer):
        value.name = new.get(value.name, value.name)


def _forget_origin(graph: onnx.ModelProto) -> None:
    """Drop what exporters note about the machine and its source files."""
    graph.doc_string = ""
    del graph.metadata_props[:]
    for node in graph.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.value_info):
        value.doc_string = ""
        del value.metadata_props[:]
