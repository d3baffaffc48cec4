"""Exporting a trained model as ONNX graphs, and checking that they say what the model says.

The graphs hold all preprocessing: `encoder.onnx` takes images as the loader gives them, and `decoder.onnx` gives images
as they are written to files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.errors import ExportError, RunError
from isthmus.graphs.functional import one_or_all, with_features
from isthmus.graphs.keras_exporter import export_with_keras
from isthmus.graphs.writer.model import write_model
from isthmus.graphs.writer.registry import NoWriterError
from isthmus.probability import CONDITION
from isthmus.runs.folder import DECODER, ENCODER, PRIOR
from isthmus.runs.manifest import GraphEntry, TensorEntry
from isthmus.runs.sessions import Session
from isthmus.storage import write_bytes

TOLERANCE = 1e-3
"""Largest allowed difference from the model, relative to the output's largest absolute value (at least 1)."""
MOST_TURNED = 1e-3
"""The share of an output's numbers whose rounding may differ from the model's, where it ends in one."""
PARITY_EXAMPLES = 16


def export_graphs(
    model: Autoencoder,
    folder: Path,
    examples: NDArray[np.generic],
    features: Sequence[str] = (),
    condition: NDArray[np.float32] | None = None,
) -> dict[str, GraphEntry]:
    """Write `encoder.onnx`, `decoder.onnx` and a learned `prior.onnx`, and compare them with the model.

    Args:
        model: A trained model, called at least once.
        folder: Where to write.
        examples: Inputs of the encoder, `(n, h, w, c)`, as the loader gives them; the first few are compared.
        features: Names of layers of the encoder whose outputs its graph has too, under the same names.
        condition: Their condition, one-hot `(n, classes)`, where the model has one.

    Returns:
        What the manifest says of each, under `encoder`, `decoder` and, where it has learned something, `prior`.

    Raises:
        ExportError: If a graph disagrees with the model or holds control flow, or a layer can only be written with
            a package that is not installed.
        KeyError: If there is no layer of a name in `features`.
    """
    batch: dict[str, Any] = {"input": examples[:PARITY_EXAMPLES]}
    given = {"images": batch["input"]}
    if condition is not None:
        batch[CONDITION] = given[CONDITION] = condition[:PARITY_EXAMPLES]
    encoded = {name: ops.convert_to_numpy(value) for name, value in model.encode(batch).items()}
    codes = {"latent": encoded["mean"], **{name: encoded[name] for name in model.context_names}}
    rounded = frozenset({"mean"} if model.latent.is_discrete else ())
    graphs = {
        "encoder": export_model(with_features(model.encoder, features), folder / ENCODER, given, rounded),
        "decoder": export_model(_with_images(model), folder / DECODER, codes),
    }
    if model.prior is not None:
        graphs["prior"] = export_model(model.prior, folder / PRIOR, {"latent": encoded["mean"]})
    return graphs


def _with_images(model: Autoencoder) -> keras.Model:
    """The decoder with one more output: the likelihood's mean, as images are written to files."""
    inputs = [keras.Input(given.shape[1:], name=given.name) for given in model.decoder.inputs]
    parameters = model.decoder(one_or_all(inputs))
    images = model.likelihood.mean(ops, parameters)
    if model.target_spec.dtype == "uint8":
        images = ops.cast(ops.round(images * 255.0), "uint8")
    return keras.Model(one_or_all(inputs), {"images": images, **parameters}, name="decoder_graph")


def export_model(
    model: keras.Model, path: Path, examples: Mapping[str, NDArray[Any]], rounded: frozenset[str] = frozenset()
) -> GraphEntry:
    """Write a functional model as one ONNX graph, and compare it with the model.

    Args:
        model: A model whose outputs have names.
        path: The file.
        examples: An array `(n, ...)` for each input by name, in the model's order.
        rounded: Outputs that end in a rounding, which the last bit of a float may turn the other way.

    Raises:
        ExportError: As `export_graphs`.
    """
    given = list(examples.values())
    expected = {name: ops.convert_to_numpy(value) for name, value in model(one_or_all(given)).items()}
    names = sorted(expected)
    try:
        graph = write_model(model, names)
    except NoWriterError as error:
        graph = export_with_keras(model, names, f"{path.name}: {error}")
    content = graph.SerializeToString(deterministic=True)
    entry = GraphEntry(
        file=path.name,
        inputs=tuple(_tensor(name, array) for name, array in examples.items()),
        outputs=tuple(_tensor(name, expected[name]) for name in names),
        max_difference={},
    )
    # One image more than in the model's own call: a batch size fixed in the graph would show here.
    more = {name: np.concatenate([array, array[:1]]) for name, array in examples.items()}
    try:
        found = Session(content, entry, path.name)(more)
    except RunError as error:
        raise ExportError(f"the network cannot be exported: {error}") from None
    differences = _compare(path.name, expected, found, rounded)
    write_bytes(path, content)
    return entry.model_copy(update={"max_difference": differences})


def _tensor(name: str, example: NDArray[Any]) -> TensorEntry:
    return TensorEntry(name=name, dtype=example.dtype.name, shape=("n", *example.shape[1:]))


def _compare(
    where: str, expected: Mapping[str, NDArray[Any]], found: Mapping[str, NDArray[Any]], rounded: frozenset[str]
) -> dict[str, float]:
    differences = {}
    for name, wanted in expected.items():
        got = found[name][: len(wanted)]
        apart = np.sort(np.abs(wanted.astype(np.float64) - got.astype(np.float64)), axis=None)
        turned = max(1, round(MOST_TURNED * apart.size)) if name in rounded else 0
        # NaNs are sorted last, and are never let through.
        difference = float(apart[-1] if np.isnan(apart[-1]) else apart[max(0, apart.size - 1 - turned)])
        # Rounding to 8 bits may turn the least difference into one grey level.
        allowed = 1.0 if wanted.dtype == np.uint8 else TOLERANCE * max(1.0, float(np.max(np.abs(wanted))))
        if found[name].shape[0] != len(wanted) + 1 or not difference <= allowed:
            raise ExportError(
                f"{where}: output {name!r} differs from the trained model by {difference:.3g} (allowed {allowed:.3g}) "
                f"in shape {found[name].shape}. The weights are kept; please report this with the recipe."
            )
        differences[name] = difference
    return differences
