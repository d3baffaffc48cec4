import os

# Keras settles its backend, and TensorFlow its greeting, when they are first imported: before any test module is.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    # As many workers as cores: more threads than that would only wait for one another.
    for library in ("OMP", "OPENBLAS", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
        os.environ.setdefault(f"{library}_THREADS" if library.startswith("TF") else f"{library}_NUM_THREADS", "1")

import hashlib
import json
import random
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import few_images
import hypothesis
import numpy as np
import pytest
from commands import Outcome
from sharing import share

import isthmus
from isthmus.data import ImageSpec, task_of
from isthmus.probability import latent_variable
from isthmus.recipes import (
    BernoulliLikelihood,
    ConvNetwork,
    Denoise,
    DenseNetwork,
    GaussianLatent,
    GaussianLikelihood,
    Pixels,
    PointLatent,
    Recipe,
    Training,
    UNetwork,
)

pytest_plugins = ["strictness"]

# A shared machine is slow at times, and a failure should be the same for everybody.
hypothesis.settings.register_profile("isthmus", deadline=None, max_examples=50, derandomize=True, database=None)
hypothesis.settings.load_profile("isthmus")


def pytest_runtest_setup(item):
    """Tests that speak a backend's own language run only on it."""
    for marker in item.iter_markers("backend"):
        if os.environ["KERAS_BACKEND"] not in marker.args:
            pytest.skip(f"this session's backend is {os.environ['KERAS_BACKEND']}, not {' or '.join(marker.args)}")


def seed(name):
    """Seed every global generator by a name; weights without a seed of their own are drawn from these."""
    number = zlib.crc32(name.encode())
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002  # code under test may use it
    if "keras" in sys.modules:  # who imports it later draws its seed from Python's generator
        sys.modules["keras"].utils.set_random_seed(number)


@pytest.fixture(autouse=True)
def seeded(request):
    """A test draws the same numbers in any order, alone and on any worker."""
    seed(request.node.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef):
    """A fixture that tests share is the same whichever test comes first, and leaves that test's numbers alone."""
    if fixturedef.scope == "function":
        return (yield)
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    seed(f"{fixturedef.baseid}::{fixturedef.argname}")
    try:
        return (yield)
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, request, monkeypatch):
    """No test finds what another has packed, or where its data was."""
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path_factory.getbasetemp() / "caches" / name))


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """What tests share has a cache of its own, as each test has."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ISTHMUS_CACHE", str(tmp_path_factory.getbasetemp() / "caches" / "session"))
        yield


def train_once(tmp_path_factory, name, images, recipe, **options):
    """A run that every worker opens, and one has trained."""
    folder = share(tmp_path_factory, name, lambda folder: isthmus.train(images, recipe, folder / name, **options))
    return isthmus.load(folder / name)


@pytest.fixture(scope="session")
def bars():
    """Images of 12 rows and 10 columns with a bright bar, and where it is: at the top, in the middle, at the bottom."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    images = rng.integers(0, 60, (120, 12, 10, 1))
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += 190
    return images.astype(np.uint8), labels


@pytest.fixture(scope="session")
def tiny_recipe():
    """A VAE that trains in a second; its loss is a likelihood."""
    return Recipe(
        name="tiny",
        pixels=Pixels(binarise="threshold"),
        network=ConvNetwork(filters=(4,), stem_filters=4),
        latent=GaussianLatent(dim=2),
        likelihood=BernoulliLikelihood(),
        training=Training(epochs=2, batch_size=32, learning_rate=1e-2),
    )


@pytest.fixture(scope="session")
def tiny_ae_recipe():
    """A plain autoencoder that learns the bars in a second or two."""
    return Recipe(
        name="tiny-ae",
        network=DenseNetwork(units=(16,)),
        latent=PointLatent(dim=3),
        likelihood=GaussianLikelihood(sigma=0.2),
        training=Training(epochs=6, batch_size=4, learning_rate=1e-2),
    )


@pytest.fixture(scope="session")
def bands(bars):
    """The bars in each of five channels, dimmer in every further one."""
    return np.concatenate([bars[0] // (channel + 1) for channel in range(5)], axis=-1)


@pytest.fixture(scope="session")
def bands_run(bands, tiny_ae_recipe, tmp_path_factory):
    """A finished run of `tiny_ae_recipe` on images of five channels."""
    return train_once(tmp_path_factory, "bands", bands, tiny_ae_recipe)


@pytest.fixture(scope="session")
def tiny_run(bars, tiny_recipe, tmp_path_factory):
    """A finished run of `tiny_recipe` on the bars; copy it before changing it."""
    return train_once(tmp_path_factory, "tiny", bars, tiny_recipe)


@pytest.fixture(scope="session")
def tiny_ae_run(bars, tiny_ae_recipe, tmp_path_factory):
    """A finished run of `tiny_ae_recipe` on the bars; copy it before changing it."""
    return train_once(tmp_path_factory, "tiny-ae", bars, tiny_ae_recipe, report=False)


@pytest.fixture(scope="session")
def tiny_restorer_recipe():
    """A U-Net that takes noise out of the bars, with a posterior to draw from."""
    return Recipe(
        name="tiny-restorer",
        task=Denoise(strength=(0.2, 0.2)),
        network=UNetwork(filters=(4, 8), convolutions=1),
        latent=GaussianLatent(dim=3),
        likelihood=GaussianLikelihood(sigma=0.1, mean="free"),
        training=Training(epochs=8, batch_size=8, learning_rate=1e-2),
    )


@pytest.fixture(scope="session")
def tiny_restorer(bars, tiny_restorer_recipe, tmp_path_factory):
    """A finished run of `tiny_restorer_recipe` on the bars; copy it before changing it."""
    return train_once(tmp_path_factory, "tiny-restorer", bars, tiny_restorer_recipe, report=False)


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """The run of the tour, on few digits, and what its command printed.

    In a process of its own, without the variable that the tests set to silence TensorFlow, as most users have it.
    """

    def fill(folder):
        done = subprocess.run(
            [sys.executable, few_images.__file__, *few_images.TOUR],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"},
            capture_output=True,
            text=True,
            check=False,
        )
        (folder / "outcome.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))

    folder = share(tmp_path_factory, "tour", fill)
    done = Outcome(*json.loads((folder / "outcome.json").read_text()))
    assert done.returncode == 0, done.stderr
    return folder / few_images.TOUR[-1], done


class FormulaRun:
    """A run whose network is a formula of each pixel alone, so that what it makes of any picture is known beforehand.

    The formula goes from what is seen, float `(n, h, w, c)` from 0 to 1, to the mean of what is given, or to logits.  A
    draw's first number is added to the mean, a hundredth of it; to the logits, ten times.
    """

    restores, path, preprocessing = True, Path("formula"), None

    def __init__(self, recipe, seen_channels, given_channels, formula):
        self.recipe, self.formula, self.tiles_encoded = recipe, formula, 0
        self.task = task_of(recipe.task)
        self.image = ImageSpec(12, 10, seen_channels, "uint8")
        self.target = ImageSpec(12, 10, given_channels, "uint8")
        self.latent = latent_variable(recipe)
        self.likelihood = SimpleNamespace(
            mean=lambda _, parameters: parameters["mean"], output_channels=lambda _: given_channels
        )
        self.manifest = SimpleNamespace(graphs={}, files={"recipe.json": SimpleNamespace(sha256="a" * 64)})

    def encode(self, images, labels=None):
        assert images.shape[1:] == self.image.shape
        assert images.dtype == self.image.dtype
        self.tiles_encoded += len(images)
        mean = np.zeros((len(images), 1), np.float32)
        return {
            "mean": mean,
            "log_variance": mean,
            "input": images / np.float32(255 if images.dtype == np.uint8 else 1),
        }

    def decode_parameters(self, codes, encoded):
        made, shift = self.formula(encoded["input"]), np.asarray(codes)[:, :1, None, None]
        if self.recipe.likelihood.kind == "categorical":
            return {"logits": made + 10 * shift * np.arange(made.shape[-1])}
        return {"mean": np.asarray(made + shift / 100, np.float32)}


@pytest.fixture(scope="session")
def formula_run(tiny_restorer_recipe):
    """Makes a `FormulaRun` of a task; with a posterior, if wanted."""

    def make(task, seen_channels, given_channels, formula, *, latent=None, likelihood=None):
        changes = {
            "task": task,
            "latent": latent or PointLatent(dim=1),
            "likelihood": likelihood or tiny_restorer_recipe.likelihood,
        }
        recipe = tiny_restorer_recipe.model_copy(update=changes)
        return FormulaRun(recipe, seen_channels, given_channels, formula)

    return make


@pytest.fixture
def copied_run(tiny_run, tmp_path):
    """The folder of a run that a test may damage."""
    return shutil.copytree(tiny_run.path, tmp_path / "run")


@pytest.fixture
def files_in():
    """Every file under a folder, hidden ones too, by relative name."""

    def list_files(folder):
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    return list_files
