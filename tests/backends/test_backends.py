"""The same small trainings on every backend, each in one process; and a run of one continued by another."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from sharing import share

import isthmus

OTHERS = [pytest.param(name, marks=pytest.mark.thorough) for name in ("jax", "torch")]
BACKENDS = ["tensorflow", *OTHERS]
OTHER = {"tensorflow": "torch", "jax": "tensorflow", "torch": "jax"}
TRAIN = """
import json, sys
import numpy as np
import isthmus
backend, trainings = sys.argv[1], json.loads(sys.argv[2])
images, labels = np.load("images.npy"), np.load("labels.npy")
for out, epochs, likelihood, more in trainings:
    changes = {"training.epochs": epochs, "training.batch_size": 32, "network.filters": [4, 8],
               "objective.beta_warmup_epochs": 1.5, "training.learning_rate": 0.005, "likelihood": likelihood}
    if likelihood == "logistic":
        changes |= {"likelihood.components": 3, "pixels.binarise": "none"}
    elif likelihood == "gaussian":
        changes |= {"likelihood.scale": "shared", "likelihood.sigma": 0.3, "pixels.binarise": "none"}
    data, recipe = (images, labels), "conv-vae"
    if likelihood == "categorical":
        data, recipe = "pictures", None
        changes = {"network.filters": [4, 8], "latent.dim": 8, "training.epochs": epochs, "training.batch_size": 32,
                   "training.learning_rate": 0.01}
    changes |= more.pop("changes", {})
    isthmus.train(data, recipe, out, backend=backend, changes=changes, **more)
import keras
assert keras.config.backend() == backend
"""
BY_CLASS = {"changes": {"condition": "labels", "prior": "class-gaussian"}, "report": False}
DISCRETE = {
    "changes": {
        "latent": "fsq",
        "latent.grid": [3, 3],
        "latent.levels": [4, 3],
        "prior": "masked-conv",
        "prior.filters": 8,
        "network.padding": "same",
        "objective.estimator": "closed-form",
        "objective.beta_warmup_epochs": 0,
    },
    "report": False,
}
SIXTEEN_BITS = {
    "changes": {"training.precision": "mixed_bfloat16", "objective.ms_ssim": 1.0},
    "report": False,
}
SEGMENT = {"task": "segment", "targets": "masks", "report": False}

pytestmark = pytest.mark.slow


def need(backend):
    if importlib.util.find_spec(backend) is None and not os.environ.get("ISTHMUS_REQUIRE_BACKENDS"):
        pytest.skip(f"needs {backend}")


def make_data(place):
    """Save 200 images of 12 rows and 10 columns, each with a bar at one of three heights, and their masks."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 3
    images = rng.integers(0, 60, (200, 12, 10, 1))
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += 190
    np.save(place / "images.npy", images.astype(np.uint8))
    np.save(place / "labels.npy", labels)
    masks = np.where(images > 120, 1 + labels[:, None, None, None] // 2, 0)
    np.save(place / "masks.npy", masks)
    for name, pixels in (("pictures", images), ("masks", 100 * masks)):
        (place / name).mkdir()
        for n, one in enumerate(pixels):
            Image.fromarray(one[..., 0].astype(np.uint8)).save(place / name / f"{n:03d}.png")


def train(place, backend, *trainings):
    """Train one run after the other, `(out, epochs, likelihood, more arguments)`, in one process: this, if it can."""
    if backend == keras.config.backend():
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(place)
            patched.setattr(sys, "argv", ["-c", backend, json.dumps(trainings)])
            exec(TRAIN, {})
        return
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, backend, json.dumps(trainings)],
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
def backend(request):
    need(request.param)
    return request.param


@pytest.fixture(scope="module")
def place(backend, tmp_path_factory):
    """A folder with images, and all that the backend's one process trained on them: it takes seconds to start."""

    def fill(place):
        make_data(place)
        quick = {"report": False}
        train(
            place,
            backend,
            ("run", 2, "bernoulli", quick),
            ("mixture", 2, "logistic", quick),
            ("by-class", 2, "bernoulli", BY_CLASS),
            ("discrete", 2, "gaussian", DISCRETE),
            ("masked", 20, "categorical", SEGMENT),
            ("sixteen-bits", 2, "gaussian", SIXTEEN_BITS),
            ("three", 3, "gaussian", quick),
            ("two-and-one", 2, "gaussian", quick),
            ("two-and-one", 3, "gaussian", {**quick, "resume": True}),
        )

    return share(tmp_path_factory, f"backend-{backend}", fill)


@pytest.fixture(scope="module")
def run(place):
    return isthmus.load(place / "run")


@pytest.fixture(scope="module")
def continued(backend, run, place, tmp_path_factory):
    """A folder with what another backend made of the backend's run: one that starts from it, one that resumes it."""
    need(OTHER[backend])

    def fill(folder):
        make_data(folder)
        shutil.copytree(run.path, folder / "resumed")
        train(
            folder,
            OTHER[backend],
            ("started", 2, "bernoulli", {"init_from": str(run.path), "report": False}),
            ("resumed", 3, "bernoulli", {"resume": True}),
        )

    return share(tmp_path_factory, f"backend-after-{backend}", fill)


@pytest.mark.slow
def test_trains_and_is_used(run, place, backend):
    images = np.load(place / "images.npy")
    training = run.manifest.training
    assert (run.manifest.state, training.backend, training.epochs) == ("complete", backend, 2)
    posterior = run.encode(images)
    assert all(value.shape == (200, 2) and np.isfinite(value).all() for value in posterior.values())
    assert run.reconstruct(images[:5], draws=2).shape == (5, 2, 12, 10, 1)
    assert run.sample(4).shape == run.sample(4, label=2).shape == (4, 12, 10, 1)
    for graph in run.manifest.graphs.values():
        assert all(value <= (1.0 if name == "images" else 1e-3) for name, value in graph.max_difference.items())


def test_the_graphs_have_the_same_ends_on_every_backend(run):
    ends = {name: [[t.name for t in g.inputs], [t.name for t in g.outputs]] for name, g in run.manifest.graphs.items()}
    assert ends == {"encoder": [["images"], ["log_variance", "mean"]], "decoder": [["latent"], ["images", "logits"]]}


def test_a_mixture_of_logistics_is_trained_and_exported(place):
    run = isthmus.load(place / "mixture")
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


def test_sixteen_bits_and_structural_similarity_are_trained_and_exported(place):
    run = isthmus.load(place / "sixteen-bits")
    first, second = ({name: float(value) for name, value in row.items()} for row in rows_of(run.path))
    assert second["val_loss"] < first["val_loss"]
    assert second["val_dissimilarity"] < first["val_dissimilarity"]
    terms = [second[f"val_{name}"] for name in ("distortion", "rate", "dissimilarity")]
    assert second["val_loss"] == pytest.approx(sum(terms), rel=1e-4)
    for graph in run.manifest.graphs.values():
        assert all(value <= (1.0 if name == "images" else 1e-3) for name, value in graph.max_difference.items())


def test_a_conditional_model_is_trained_and_exported(place):
    run, images = isthmus.load(place / "by-class"), np.load(place / "images.npy")[:6]
    assert run.recipe.condition.classes == 3
    means = [run.encode(images, label)["mean"] for label in range(3)]
    decoded = [run.decode(means[0], labels=label) for label in range(3)]
    assert all(np.ptp(of_classes, axis=0).max() > 0 for of_classes in (means, decoded))
    assert run.sample(4, label=2).shape == (4, 12, 10, 1)
    assert run.manifest.graphs.keys() == {"encoder", "decoder", "prior"}
    for graph in run.manifest.graphs.values():
        assert all(value <= (1.0 if name == "images" else 1e-3) for name, value in graph.max_difference.items())


def test_discrete_codes_are_trained_and_exported(place):
    run, images = isthmus.load(place / "discrete"), np.load(place / "images.npy")[:6]
    rows = rows_of(run.path)
    assert float(rows[1]["val_rate"]) < float(rows[0]["val_rate"]) < 9 * np.log(12)
    codes = run.encode(images)["mean"]
    np.testing.assert_array_equal(run.latent.codebook.nearest(codes), codes)
    assert run.sample(4).shape == (4, 12, 10, 1)
    assert run.manifest.graphs.keys() == {"encoder", "decoder", "prior"}
    for graph in run.manifest.graphs.values():
        assert all(value <= (1.0 if name == "images" else 1e-3) for name, value in graph.max_difference.items())


def test_skip_connections_and_masks_of_three_classes(place):
    """Several outputs of one graph are inputs of the other, and what is likeliest is computed by the graph."""
    images, masks = np.load(place / "images.npy"), np.load(place / "masks.npy")
    run = isthmus.load(place / "masked")
    assert "mse" not in json.loads((run.path / "metrics.json").read_text())  # the numbers of classes are no brightness
    for graph in run.manifest.graphs.values():
        assert all(value <= (1.0 if name == "images" else 1e-3) for name, value in graph.max_difference.items())
    restorer = isthmus.Restorer(run)
    given = np.stack([restorer.restore(one).image for one in images[:12]])
    assert set(np.unique(given)) <= {0, 1, 2}
    assert (given == masks[:12]).mean() > 0.9


def test_images_come_back_from_its_archive(run, place, tmp_path):
    """The exact copy of the network is made from the graphs."""
    images = np.load(place / "images.npy")
    done = isthmus.compress(run, images, tmp_path / "x.isth", threshold=True, embed=True)
    assert done.tally.coded > 50  # bars of one colour are smaller without it
    isthmus.decompress(tmp_path / "x.isth", tmp_path / "back.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "back.npy"), np.where(images / np.float32(255) > 0.5, 255, 0))


def test_learns(run):
    losses = [float(row["val_distortion"]) for row in rows_of(run.path)]
    assert losses[1] < losses[0] < 0.75 * 120


@pytest.mark.thorough
def test_another_backend_starts_from_it(backend, continued):
    started = isthmus.load(continued / "started")
    assert started.manifest.training.backend == OTHER[backend]
    assert started.sample(2).shape == (2, 12, 10, 1)


@pytest.mark.thorough
def test_another_backend_resumes_it(backend, run, continued):
    resumed = isthmus.load(continued / "resumed")
    assert (resumed.manifest.training.backend, resumed.manifest.training.epochs) == (OTHER[backend], 3)
    before, after = rows_of(run.path), rows_of(resumed.path)
    assert after[:2] == before
    assert int(after[2]["step"]) * 2 == int(after[1]["step"]) * 3
    # Each framework has its own noise, so no bits can be compared; but the third epoch starts where the second
    # ended, and from the start it would be no better than the first.
    assert float(after[2]["distortion"]) < float(after[1]["distortion"]) < float(after[0]["distortion"])


def test_resumes_its_own_bit_for_bit(place):
    whole, parts = place / "three", place / "two-and-one"
    assert (parts / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
