"""The same small training on every backend, each in a process of its own; and a run of one put to use by another."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import isthmus

OTHERS = [pytest.param(name, marks=pytest.mark.thorough) for name in ("jax", "torch")]
BACKENDS = ["tensorflow", *OTHERS]
OTHER = {"tensorflow": "torch", "jax": "tensorflow", "torch": "jax"}
TRAIN = """
import json, sys
import numpy as np
import isthmus
images, labels = np.load("images.npy"), np.load("labels.npy")
for out, epochs, likelihood, more in json.loads(sys.argv[2]):
    changes = {"training.epochs": epochs, "training.batch_size": 32, "network.filters": [4, 8],
               "objective.beta_warmup_epochs": 1.5, "training.learning_rate": 0.005, "likelihood": likelihood}
    if likelihood == "logistic":
        changes |= {"likelihood.components": 3, "pixels.binarise": "none"}
    elif likelihood != "bernoulli":
        changes |= {"likelihood.scale": "shared", "likelihood.sigma": 0.3, "pixels.binarise": "none"}
    isthmus.train((images, labels), "conv-vae", out, backend=sys.argv[1], changes=changes, **more)
import keras
assert keras.config.backend() == sys.argv[1]
"""

SEGMENT = """
import sys, isthmus
changes = {"network.filters": [4, 8], "latent.dim": 8, "training.epochs": 20, "training.batch_size": 32,
           "training.learning_rate": 0.01}
isthmus.train("pictures", None, "masked", task="segment", targets="masks", backend=sys.argv[1], changes=changes,
              report=False)
"""

pytestmark = pytest.mark.slow


def need(backend):
    if importlib.util.find_spec(backend) is None and not os.environ.get("ISTHMUS_REQUIRE_BACKENDS"):
        pytest.skip(f"needs {backend}")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with 200 images of 12 rows and 10 columns, a bar at the top, in the middle or at the bottom of each."""
    place = tmp_path_factory.mktemp("backends")
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 3
    images = rng.integers(0, 60, (200, 12, 10, 1))
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += 190
    np.save(place / "images.npy", images.astype(np.uint8))
    np.save(place / "labels.npy", labels)
    return place


def train(place, backend, *trainings):
    """Train one run after the other, `(out, epochs, likelihood, more arguments)`, in one process."""
    run_script(place, TRAIN, backend, json.dumps(trainings))


def run_script(place, script, backend, *more):
    need(backend)
    done = subprocess.run(
        [sys.executable, "-c", script, backend, *more],
        cwd=place,
        env={name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def rows_of(folder):
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request, place):
    """A backend, and what its first process trained; a process takes seconds to import a framework."""
    train(
        place,
        request.param,
        (f"{request.param}-run", 2, "bernoulli", {}),
        (f"{request.param}-mixture", 2, "logistic", {}),
        (f"{request.param}-three", 3, "gaussian", {"report": False}),
        (f"{request.param}-two-and-one", 2, "gaussian", {"report": False}),
    )
    return request.param


@pytest.fixture(scope="module")
def run(backend, place):
    return isthmus.load(place / f"{backend}-run")


def test_trains_and_is_used(run, place):
    images = np.load(place / "images.npy")
    training = run.manifest.training
    assert run.path.name == f"{training.backend}-run"
    assert (run.manifest.state, training.epochs) == ("complete", 2)
    posterior = run.encode(images)
    assert all(value.shape == (200, 2) and np.isfinite(value).all() for value in posterior.values())
    assert run.reconstruct(images[:5], draws=2).shape == (5, 2, 12, 10, 1)
    assert run.sample(4).shape == run.sample(4, label=2).shape == (4, 12, 10, 1)
    for graph in run.manifest.graphs.values():
        assert all(value <= (1.0 if name == "images" else 1e-3) for name, value in graph.max_difference.items())


def test_the_graphs_have_the_same_ends_on_every_backend(run):
    ends = {name: [[t.name for t in g.inputs], [t.name for t in g.outputs]] for name, g in run.manifest.graphs.items()}
    assert ends == {"encoder": [["images"], ["log_variance", "mean"]], "decoder": [["latent"], ["images", "logits"]]}


def test_a_mixture_of_logistics_is_trained_and_exported(place, backend):
    run = isthmus.load(place / f"{backend}-mixture")
    losses = [float(row["val_distortion"]) for row in rows_of(run.path)]
    assert losses[1] < losses[0]
    assert losses[1] < 120 * np.log(256), "worse than eight bits for each pixel"
    parameters = run.decode_parameters(np.zeros((2, 2)))
    assert {name: value.shape for name, value in parameters.items()} == dict.fromkeys(
        ("mixture_logits", "means", "log_scales"), (2, 12, 10, 1, 3)
    )
    assert all(
        value <= 1e-3 for name, value in run.manifest.graphs["decoder"].max_difference.items() if name != "images"
    )


def test_skip_connections_and_masks_of_three_classes(place, backend, tmp_path):
    """Several outputs of one graph are inputs of the other, and what is likeliest is computed by the graph."""
    images, labels = np.load(place / "images.npy"), np.load(place / "labels.npy")
    masks = np.where(images > 120, 1 + labels[:, None, None, None] // 2, 0)
    for name, pixels in (("pictures", images), ("masks", 100 * masks)):
        (tmp_path / name).mkdir()
        for n, one in enumerate(pixels):
            Image.fromarray(one[..., 0].astype(np.uint8)).save(tmp_path / name / f"{n:03d}.png")
    run_script(tmp_path, SEGMENT, backend)
    run = isthmus.load(tmp_path / "masked")
    assert "mse" not in json.loads((run.path / "metrics.json").read_text())  # the numbers of classes are no brightness
    for graph in run.manifest.graphs.values():
        assert all(value <= (1.0 if name == "images" else 1e-3) for name, value in graph.max_difference.items())
    restorer = isthmus.Restorer(run)
    given = np.stack([restorer.restore(one).image for one in images[:12]])
    assert set(np.unique(given)) <= {0, 1, 2}
    assert (given == masks[:12]).mean() > 0.9


def test_images_come_back_from_its_archive(run, place, tmp_path):
    """The exact copy of the network is made from the graphs, which every framework writes in its own way."""
    images = np.load(place / "images.npy")
    done = isthmus.compress(run, images, tmp_path / "x.isth", threshold=True, embed=True)
    assert done.tally.coded > 50  # bars of one colour are smaller without it
    isthmus.decompress(tmp_path / "x.isth", tmp_path / "back.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "back.npy"), np.where(images / np.float32(255) > 0.5, 255, 0))


def test_learns(run):
    losses = [float(row["val_distortion"]) for row in rows_of(run.path)]
    assert losses[1] < losses[0] < 0.75 * 120


@pytest.mark.thorough
def test_another_backend_starts_from_it(backend, run, place):
    train(place, OTHER[backend], (f"from-{backend}", 2, "bernoulli", {"init_from": str(run.path), "report": False}))
    started = isthmus.load(place / f"from-{backend}")
    assert started.manifest.training.backend == OTHER[backend]
    assert started.sample(2).shape == (2, 12, 10, 1)


@pytest.mark.thorough
def test_another_backend_resumes_it(backend, run, place):
    other = OTHER[backend]
    out = shutil.copytree(run.path, place / f"{backend}-then-{other}")
    before = rows_of(out)
    train(place, other, (out.name, 3, "bernoulli", {"resume": True}))
    resumed = isthmus.load(out)
    assert (resumed.manifest.training.backend, resumed.manifest.training.epochs) == (other, 3)
    after = rows_of(out)
    assert after[:2] == before
    assert int(after[2]["step"]) * 2 == int(after[1]["step"]) * 3
    # Each framework has its own noise, so no bits can be compared; but the third epoch starts where the second
    # ended, and from the start it would be no better than the first.
    assert float(after[2]["distortion"]) < float(after[1]["distortion"]) < float(after[0]["distortion"])


def test_resumes_its_own_bit_for_bit(place, backend):
    whole, parts = place / f"{backend}-three", place / f"{backend}-two-and-one"
    train(place, backend, (parts.name, 3, "gaussian", {"resume": True, "report": False}))
    assert (parts / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
