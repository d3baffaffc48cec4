import keras
import numpy as np
import pytest

from isthmus.data import ImageSpec
from isthmus.recipes import CustomNetwork, GaussianLatent, GaussianLikelihood, Pixels, Recipe
from isthmus.training.amortisation import optimise_posteriors
from isthmus.training.fit import build_model

SIGMA = 0.2


@pytest.fixture(scope="module")
def linear():
    """A model whose decoder is linear with orthogonal loadings, its images, and their exact posterior."""
    rng = np.random.default_rng(0)
    loadings = np.linalg.qr(rng.standard_normal((12, 2)))[0].T * np.array([[0.5], [0.3]])
    shape = keras.Input((3, 4, 1))
    encoder = keras.Model(shape, keras.layers.Dense(1)(keras.layers.Flatten()(shape)))
    code = keras.Input((2,))
    dense = keras.layers.Dense(12)
    decoder = keras.Model(code, keras.layers.Reshape((3, 4, 1))(dense(code)))
    dense.set_weights([loadings.astype(np.float32), np.full(12, 0.5, np.float32)])
    recipe = Recipe(
        pixels=Pixels(dtype="float32"),
        network=CustomNetwork(),
        latent=GaussianLatent(dim=2),
        likelihood=GaussianLikelihood(sigma=SIGMA, mean="free"),
    )
    model = build_model(recipe, ImageSpec(3, 4, 1, "float32"), custom=(encoder, decoder))
    images = (0.5 + rng.standard_normal((5, 2)) @ loadings).clip(0, 1).astype(np.float32).reshape(5, 3, 4, 1)
    precision = (loadings**2).sum(1) + SIGMA**2
    mean = (images.reshape(5, -1) - 0.5) @ loadings.T / precision
    return model, images, mean, np.log(SIGMA**2 / precision)


def test_the_optimised_posterior_is_the_exact_one(linear):
    """Where the decoder is linear the best Gaussian is known: probabilistic PCA's posterior."""
    model, images, mean, log_variance = linear
    start = {"mean": np.zeros((5, 2), np.float32), "log_variance": np.zeros((5, 2), np.float32)}
    found = optimise_posteriors(model, images, start, seed=0)
    np.testing.assert_allclose(found["mean"], mean, atol=0.05)
    np.testing.assert_allclose(found["log_variance"], np.broadcast_to(log_variance, (5, 2)), atol=0.15)


def test_the_model_stays_as_it_was(linear):
    model, images, mean, log_variance = linear
    before = [np.array(weight) for weight in model.get_weights()]
    trainable = len(model.trainable_variables)
    start = {"mean": mean.astype(np.float32), "log_variance": np.tile(log_variance, (5, 1)).astype(np.float32)}
    optimise_posteriors(model, images, start, seed=0, steps=3)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert len(model.trainable_variables) == trainable
