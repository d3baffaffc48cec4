"""Graphs that tf2onnx, jax2onnx and onnxscript wrote for earlier runs are read as when they were written."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest

from isthmus.codec.network.quantisation import quantise
from isthmus.explorer.export.translation import translate

with zipfile.ZipFile(Path(__file__).parents[2] / "golden" / "graphs" / "exporters.zip") as file:
    DIGESTS = json.loads(file.read("digests.json"))
    GRAPHS = {name: file.read(name) for name in DIGESTS}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_exact_copy_is_the_same(name):
    """Archives without a model in them depend on it."""
    model = onnx.load_model_from_string(GRAPHS[name])
    shape = tuple(side.dim_value for side in model.graph.input[0].type.tensor_type.shape.dim[1:])
    outputs = sorted(output.name for output in model.graph.output if output.name != "images")
    encodes = "encoder" in name
    network = quantise(model, outputs, shape, *((0, 255) if encodes else (4, 128)), name)
    found = network(np.random.default_rng(0).integers(*((0, 256) if encodes else (-64, 65)), (3, *shape)))
    content = b"".join(found[output].astype("<i8").tobytes() for output in outputs)
    assert hashlib.sha256(content).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", GRAPHS)
def test_a_page_can_compute_it(name):
    outputs = [output.name for output in onnx.load_model_from_string(GRAPHS[name]).graph.output]
    assert set(translate(GRAPHS[name], outputs, name).outputs) == set(outputs)
