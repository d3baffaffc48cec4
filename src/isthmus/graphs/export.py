"""Exporting a trained model as ONNX graphs, and checking that they say what the model says.

The graphs hold all preprocessing: `encoder.onnx` takes images as the loader gives them, and `decoder.onnx` gives images
as they are written to files.
"""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnx.inliner
from keras import ops
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.errors import ExportError, RunError
from isthmus.runs.folder import DECODER, ENCODER, PRIOR
from isthmus.runs.manifest import GraphEntry, TensorEntry
from isthmus.runs.sessions import Session
from isthmus.storage import write_bytes

TOLERANCE = 1e-3
"""The largest difference from the model, relative to the output's size (or to 1 where it is smaller), let through."""
PARITY_EXAMPLES = 16


def export_graphs(model: Autoencoder, folder: Path, examples: NDArray[np.generic]) -> dict[str, GraphEntry]:
    """Write `encoder.onnx`, `decoder.onnx` and a learned `prior.onnx`, and compare them with the model.

    Args:
        model: A trained model, called at least once.
        folder: Where to write.
        examples: What the encoder is shown, `(n, h, w, c)`, as the loader gives it, to compare on; the first few are
            used.

    Returns:
        What the manifest says of each, under `encoder`, `decoder` and, where it has learned something, `prior`.

    Raises:
        ExportError: If a graph disagrees with the model, or holds control flow.
    """
    examples = examples[:PARITY_EXAMPLES]
    encoded = {name: ops.convert_to_numpy(value) for name, value in model.encoder(examples).items()}
    codes = {"latent": encoded["mean"], **{name: encoded[name] for name in model.skip_names}}
    graphs = {
        "encoder": _export(model.encoder, folder / ENCODER, {"images": examples}),
        "decoder": _export(_with_images(model), folder / DECODER, codes),
    }
    if model.prior is not None:
        graphs["prior"] = _export(model.prior, folder / PRIOR, {"latent": encoded["mean"]})
    return graphs


def _with_images(model: Autoencoder) -> keras.Model:
    """The decoder with one more output: the likelihood's mean, as images are written to files."""
    inputs = [keras.Input(given.shape[1:], name=given.name) for given in model.decoder.inputs]
    parameters = model.decoder(_one_or_all(inputs))
    images = model.likelihood.mean(ops, parameters)
    if model.target_spec.dtype == "uint8":
        images = ops.cast(ops.round(images * 255.0), "uint8")
    return keras.Model(_one_or_all(inputs), {"images": images, **parameters}, name="decoder_graph")


def _export(model: keras.Model, path: Path, examples: Mapping[str, NDArray[Any]]) -> GraphEntry:
    given = list(examples.values())
    expected = {name: ops.convert_to_numpy(value) for name, value in model(_one_or_all(given)).items()}
    names = sorted(expected)
    # Not every backend keeps the names of a dictionary's outputs; all of them keep the order of a list.
    listed = keras.Model(_one_or_all(model.inputs), [model.output[name] for name in names], name=model.name)
    listed(_one_or_all(given))  # Keras exports only models that have been called
    graph = _to_onnx(listed)
    _rename(
        graph,
        dict(zip((i.name for i in graph.graph.input), examples, strict=True)),
        dict(zip((o.name for o in graph.graph.output), names, strict=True)),
    )
    _free_batch(graph)
    _forget_origin(graph)
    graph = onnx.inliner.inline_local_functions(graph)  # a `Session` takes none
    content = graph.SerializeToString()
    entry = GraphEntry(
        file=path.name,
        inputs=tuple(_tensor(name, array) for name, array in examples.items()),
        outputs=tuple(_tensor(name, expected[name]) for name in names),
        max_difference={},
    )
    # One image more than the model saw at once: a batch baked into the graph would show here.
    more = {name: np.concatenate([array, array[:1]]) for name, array in examples.items()}
    try:
        found = Session(content, entry, path.name)(more)
    except RunError as error:
        raise ExportError(f"the network cannot be exported: {error}") from None
    differences = _compare(path.name, expected, found)
    write_bytes(path, content)
    return entry.model_copy(update={"max_difference": differences})


def _one_or_all(inputs: list[Any]) -> Any:
    """A model of one input takes it as it is."""
    return inputs[0] if len(inputs) == 1 else inputs


def _to_onnx(model: keras.Model) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(scratch) / "graph.onnx"
        # The exporters narrate on both streams; on success nobody wants to read it.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            model.export(path, format="onnx", verbose=False)
        return onnx.load(path)


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


def _free_batch(graph: onnx.ModelProto) -> None:
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"


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


def _tensor(name: str, example: NDArray[Any]) -> TensorEntry:
    return TensorEntry(name=name, dtype=example.dtype.name, shape=("n", *example.shape[1:]))


def _compare(where: str, expected: Mapping[str, NDArray[Any]], found: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    differences = {}
    for name, wanted in expected.items():
        got = found[name][: len(wanted)]
        difference = float(np.max(np.abs(wanted.astype(np.float64) - got.astype(np.float64))))
        # Rounding to 8 bits may turn the least difference into one grey level.
        allowed = 1.0 if wanted.dtype == np.uint8 else TOLERANCE * max(1.0, float(np.max(np.abs(wanted))))
        if found[name].shape[0] != len(wanted) + 1 or not difference <= allowed:
            raise ExportError(
                f"{where}: output {name!r} differs from the trained model by {difference:.3g} (allowed {allowed:.3g}) "
                f"in shape {found[name].shape}. The weights are kept; please report this with the recipe."
            )
        differences[name] = difference
    return differences
