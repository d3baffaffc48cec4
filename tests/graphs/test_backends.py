"""Equal weights give equal graphs on every backend, and every layer agrees with each of them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

BACKENDS = ("tensorflow", "jax", "torch")
FOLDER = Path(__file__).parent
HASHES = """
import hashlib
from pathlib import Path
import numpy as np
from isthmus.data import ImageSpec
from isthmus.graphs.export import export_graphs
from isthmus.recipes import RECIPES, Recipe, with_fields
from isthmus.training.fit import build_model
from isthmus.training.weights import set_weights, weights_of
recipes = [RECIPES[name] for name in ("conv-vae", "upsample-ae", "unet")]
recipes += [with_fields(Recipe(), {"likelihood": "logistic", "likelihood.components": 2, "network.activation": "silu"})]
recipes += [with_fields(Recipe(), {"latent": "fsq", "latent.grid": [5, 6], "prior": "masked-conv", "prior.filters": 8,
                                  "network": "residual", "network.filters": [4], "network.patch": 4})]
for recipe in recipes:
    model = build_model(recipe, ImageSpec(20, 23, 1, "uint8"))
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(value.shape) / 20 for name, value in sorted(weights_of(model).items())}
    set_weights(model, weights, "noise")
    graphs = export_graphs(model, Path(), rng.integers(0, 256, (2, 20, 23, 1)).astype(np.uint8))
    print(*(hashlib.sha256(Path(graph.file).read_bytes()).hexdigest() for graph in graphs.values()))
"""

pytestmark = pytest.mark.thorough


def need(backend):
    if importlib.util.find_spec(backend) is None and not os.environ.get("ISTHMUS_REQUIRE_BACKENDS"):
        pytest.skip(f"needs {backend}")


def run(backend, folder, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_equal_weights_give_equal_bytes(tmp_path):
    found = {}
    for backend in BACKENDS:
        need(backend)
        (tmp_path / backend).mkdir()
        found[backend] = run(backend, tmp_path / backend, "-c", HASHES).split()
    assert len(found["tensorflow"]) == 11
    assert found["jax"] == found["torch"] == found["tensorflow"]


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_every_layer_agrees_on_it(backend):
    need(backend)
    run(backend, FOLDER.parents[1], "-m", "pytest", "-p", "no:cacheprovider", FOLDER / "writer")
