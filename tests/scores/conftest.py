from dataclasses import dataclass

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from isthmus.data import ArraySource, as_source
from isthmus.recipes import (
    BernoulliLikelihood,
    CustomNetwork,
    GaussianLatent,
    GaussianLikelihood,
    Pixels,
    Recipe,
    Training,
)
from isthmus.runs import Run, folder, load
from isthmus.runs.manifest import DataEntry, GraphEntry, GroupEntry, ImageEntry, Manifest, TensorEntry
from isthmus.runs.writer import RunWriter


def write_run(place, recipe, shape, encoder, decoder, outputs):
    """A run folder around two hand-made graphs; `outputs` are the decoder's parameters by name, with their channels."""
    dim, dtype = recipe.latent.dim, recipe.pixels.dtype
    image = ImageEntry(height=shape[0], width=shape[1], channels=shape[2], dtype=dtype)
    codes = TensorEntry(name="latent", dtype="float32", shape=("n", dim))
    posterior = tuple(TensorEntry(name=n, dtype="float32", shape=("n", dim)) for n in ("log_variance", "mean"))
    images = TensorEntry(name="images", dtype=dtype, shape=("n", *shape))
    parameters = tuple(TensorEntry(name=n, dtype="float32", shape=("n", *shape)) for n in outputs)
    manifest = Manifest(
        state="complete",
        images=image,
        target=image,
        source=image,
        latent_groups=(GroupEntry(name="latent", kind="gaussian", shape=(dim,)),),
        graphs={
            "encoder": GraphEntry(file=folder.ENCODER, inputs=(images,), outputs=posterior, max_difference={}),
            "decoder": GraphEntry(
                file=folder.DECODER, inputs=(codes,), outputs=(images, *parameters), max_difference={}
            ),
        },
        data=DataEntry(name="hand-made", fingerprint="0", train_images=1, validation_images=0, test_images=0),
    )
    writer = RunWriter(place, manifest)
    writer.write(folder.RECIPE, recipe.model_dump_json())
    writer.write(folder.ENCODER, encoder.SerializeToString())
    writer.write(folder.DECODER, decoder.SerializeToString())
    writer.commit()
    return load(place)


def graph(nodes, inputs, outputs, constants):
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    body = helper.make_graph(nodes, "hand-made", inputs, outputs, initialisers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, ["n", *shape])


def linear_encoder(shape, weights, bias, log_variance):
    """The posterior N(x @ weights + bias, exp(log_variance)), the same variance for every image."""
    dim = len(log_variance)
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["projected"]),
        helper.make_node("Add", ["projected", "bias"], ["mean"]),
        helper.make_node("Mul", ["projected", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "level"], ["log_variance"]),
    ]
    constants = {
        "weights": weights.astype(np.float32),
        "bias": np.asarray(bias, np.float32),
        "zero": np.zeros(1, np.float32),
        "level": np.asarray(log_variance, np.float32),
    }
    return graph(nodes, [tensor("images", shape)], [tensor("mean", [dim]), tensor("log_variance", [dim])], constants)


def linear_decoder(shape, weights, bias, output):
    """The parameter z @ weights + bias of each pixel."""
    nodes = [
        helper.make_node("MatMul", ["latent", "weights"], ["flat"]),
        helper.make_node("Add", ["flat", "bias"], ["shifted"]),
        helper.make_node("Reshape", ["shifted", "shape"], [output]),
        helper.make_node("Clip", [output, "low", "high"], ["images"]),
    ]
    constants = {
        "weights": weights.astype(np.float32),
        "bias": np.asarray(bias, np.float32),
        "shape": np.array([-1, *shape], np.int64),
        "low": np.zeros((), np.float32),
        "high": np.ones((), np.float32),
    }
    return graph(nodes, [tensor("latent", [len(weights)])], [tensor("images", shape), tensor(output, shape)], constants)


@dataclass(frozen=True)
class LinearModel:
    """Probabilistic PCA (Tipping & Bishop 1999) with orthogonal loadings, so that its posterior is diagonal.

    x = W z + centre + sigma e; then z | x is N(M⁻¹ Wᵀ(x - centre), sigma² M⁻¹) with M = WᵀW + sigma² I.
    """

    run: Run
    source: ArraySource
    loadings: np.ndarray
    centre: np.ndarray
    sigma: float

    def exact(self):
        """log p(x) of each image, in closed form."""
        from scipy.stats import multivariate_normal

        covariance = self.loadings.T @ self.loadings + self.sigma**2 * np.eye(len(self.centre))
        flat = self.source.images.reshape(len(self.source), -1).astype(np.float64)
        return multivariate_normal(self.centre, covariance).logpdf(flat)


@pytest.fixture(scope="session")
def make_linear(tmp_path_factory):
    """Make a linear Gaussian run; `widen` scales the exact posterior's deviation and `shift` moves its mean."""

    def make(widen=1.0, shift=0.0, count=50, dim=2, shape=(3, 4, 1), sigma=0.05):
        rng = np.random.default_rng(5)
        dims = int(np.prod(shape))
        loadings = np.linalg.qr(rng.standard_normal((dims, dim)))[0].T * np.linspace(0.12, 0.06, dim)[:, None]
        centre = np.full(dims, 0.5)
        z = rng.standard_normal((count, dim))
        flat = np.clip(z @ loadings + centre + sigma * rng.standard_normal((count, dims)), 0, 1)
        precision = np.sum(loadings**2, axis=1) + sigma**2  # M is diagonal
        weights = loadings.T / precision
        recipe = Recipe(
            name="linear",
            pixels=Pixels(dtype="float32"),
            network=CustomNetwork(),
            latent=GaussianLatent(dim=dim),
            likelihood=GaussianLikelihood(sigma=sigma, mean="free"),
            training=Training(validation_fraction=0.0),
        )
        run = write_run(
            tmp_path_factory.mktemp("linear"),
            recipe,
            shape,
            linear_encoder(shape, weights, shift - centre @ weights, np.log(widen**2 * sigma**2 / precision)),
            linear_decoder(shape, loadings, centre, "mean"),
            ("mean",),
        )
        source = as_source(flat.reshape(count, *shape).astype(np.float32), dtype="float32")
        return LinearModel(run, source, loadings, centre, sigma)

    return make


@pytest.fixture(scope="session")
def exact(make_linear):
    """A linear run whose posterior is exact."""
    return make_linear()


@pytest.fixture(scope="session")
def rough(make_linear):
    """The same decoder behind a posterior that is too wide and beside the mark."""
    return make_linear(widen=1.6, shift=0.25)


@pytest.fixture(scope="session")
def coin(tmp_path_factory):
    """A Bernoulli run on float32 pixels of one number a code, and images drawn at random."""
    shape = (2, 3, 1)
    rng = np.random.default_rng(2)
    recipe = Recipe(
        name="coin",
        pixels=Pixels(dtype="float32", binarise="stochastic"),
        network=CustomNetwork(),
        latent=GaussianLatent(dim=1),
        likelihood=BernoulliLikelihood(),
    )
    weights = rng.standard_normal((1, 6))
    run = write_run(
        tmp_path_factory.mktemp("coin"),
        recipe,
        shape,
        linear_encoder(shape, 0.3 * weights.T, np.zeros(1), np.log([0.7])),
        linear_decoder(shape, weights, np.linspace(-1, 1, 6), "logits"),
        ("logits",),
    )
    return run, weights, np.linspace(-1, 1, 6), as_source(rng.random((8, *shape)).astype(np.float32), dtype="float32")
