import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.probability import likelihood_of, namespace
from isthmus.recipes import (
    BernoulliLikelihood,
    GaussianLatent,
    GaussianLikelihood,
    LaplaceLikelihood,
    LogisticLikelihood,
    Pixels,
    PointLatent,
    Recipe,
    SpatialPointLatent,
)
from isthmus.scores import black_and_white, measure_of


def measure(only_black_and_white=False, **fields):
    recipe = Recipe(**fields)
    return measure_of(recipe, likelihood_of(recipe.likelihood), only_black_and_white)


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"pixels": Pixels(binarise="threshold")}, "probability", "log-probability of the black-and-white pixels"),
        ({"pixels": Pixels(binarise="stochastic")}, "probability", "black-and-white"),
        ({}, "none", "is no log-likelihood: grey has no probability under a Bernoulli"),
        ({"only_black_and_white": True}, "probability", "Every pixel is black or white"),
        ({"likelihood": GaussianLikelihood()}, "discretised", "a Gaussian density at 8-bit integers, is no log-prob"),
        ({"likelihood": LaplaceLikelihood()}, "discretised", "a Laplace density at 8-bit integers, is no log-prob"),
        ({"likelihood": LogisticLikelihood()}, "probability", "the log-probability of the 8-bit pixels"),
        ({"likelihood": LogisticLikelihood(components=3)}, "probability", "the 8-bit pixels"),
        ({"likelihood": GaussianLikelihood(), "pixels": Pixels(dtype="float32")}, "density", "they may exceed 0"),
        ({"latent": PointLatent(), "likelihood": GaussianLikelihood()}, "none", "one code and has no distribution"),
        ({"latent": PointLatent(), "pixels": Pixels(binarise="threshold")}, "none", "--set latent=gaussian makes it"),
        ({"latent": SpatialPointLatent()}, "none", "--set latent=spatial-gaussian makes it a VAE"),
    ],
)
def test_what_counts_as_a_log_probability(fields, kind, words):
    found = measure(**{"latent": GaussianLatent(), "likelihood": BernoulliLikelihood(), **fields})
    assert found.kind == kind
    assert words in found.explanation
    assert found.is_likelihood == (kind != "none")


def test_a_probability_counts_what_training_counts():
    found = measure(pixels=Pixels(binarise="threshold"))
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 3, 1)).astype(np.uint8)
    logits = np.random.default_rng(1).standard_normal((4, 3, 3, 1)).astype(np.float32)
    expected = found.likelihood.distortion(
        namespace, (images > 127.5).astype(np.float64), {"logits": logits.astype(np.float64)}
    )
    np.testing.assert_allclose(found.distortion(found.prepare(images), {"logits": logits}), expected, rtol=1e-5)


def test_a_discretised_density_sums_to_one_over_the_levels():
    found = measure(likelihood=GaussianLikelihood(sigma=0.1))
    levels = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    mean = np.full((256, 1, 1, 1), 0.93, np.float32)
    assert np.exp(-found.distortion(found.prepare(levels), {"mean": mean})).sum() == pytest.approx(1.0, abs=1e-9)


def test_black_and_white_is_seen_in_either_type():
    crisp = np.random.default_rng(0).integers(0, 2, (5, 4, 4, 1)).astype(np.uint8) * 255
    assert black_and_white(as_source(crisp))
    assert black_and_white(as_source(crisp / np.float32(255), dtype="float32"))
    grey = crisp.copy()
    grey[4, 3, 3, 0] = 254
    assert not black_and_white(as_source(grey))
