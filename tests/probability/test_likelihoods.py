import itertools

import numpy as np
import pytest
from keras import ops

from isthmus import recipes
from isthmus.probability import likelihood_of, namespace
from isthmus.probability.likelihoods import Bernoulli, Gaussian, Laplace, Logistic, LogisticMixture

SHAPE = (3, 4, 5, 2)
EVERY = [Bernoulli(), Logistic("shared"), Logistic("per-pixel"), LogisticMixture(3)] + [
    family(scale, 0.3, squash)
    for family, scale, squash in itertools.product([Gaussian, Laplace], ["fixed", "shared", "per-pixel"], [True, False])
]


def parameters_of(likelihood, xp=namespace):
    """Parameters as a decoder's last layer would make them."""
    channels = likelihood.output_channels(SHAPE[-1])
    outputs = np.random.default_rng(1).normal(size=(*SHAPE[:-1], channels)).astype(np.float32)
    initial = likelihood.initial_log_scale
    log_scale = None if initial is None else np.full((SHAPE[0], 1, 1, 1), initial, np.float32)
    if xp is ops:
        outputs = ops.convert_to_tensor(outputs)
        log_scale = None if log_scale is None else ops.convert_to_tensor(log_scale)
    return likelihood.parameters(xp, outputs, log_scale)


@pytest.mark.parametrize("likelihood", EVERY, ids=repr)
def test_keras_gives_the_same(likelihood):
    x = np.random.default_rng(0).integers(0, 2, SHAPE).astype(np.float32)
    ours = parameters_of(likelihood)
    keras = parameters_of(likelihood, ops)
    assert set(ours) == set(keras) == set(likelihood.parameter_names)
    for name, value in ours.items():
        np.testing.assert_allclose(ops.convert_to_numpy(keras[name]), value, rtol=1e-5, atol=1e-5)
    distortion = likelihood.distortion(namespace, x, ours)
    np.testing.assert_allclose(ops.convert_to_numpy(likelihood.distortion(ops, x, keras)), distortion, rtol=1e-4)
    mean = ops.convert_to_numpy(likelihood.mean(ops, keras))
    assert mean.shape == SHAPE
    np.testing.assert_allclose(mean, likelihood.mean(namespace, ours), rtol=1e-5, atol=1e-6)
    assert distortion.shape == SHAPE[:1]


@pytest.mark.parametrize(
    ("spec", "likelihood"),
    [
        (recipes.BernoulliLikelihood(), Bernoulli()),
        (recipes.GaussianLikelihood(scale="shared", sigma=0.2, mean="free"), Gaussian("shared", 0.2, False)),
        (recipes.LaplaceLikelihood(scale="per-pixel", sigma=2.0), Laplace("per-pixel", 2.0, True)),
        (recipes.LogisticLikelihood(scale="shared", sigma=0.2), Logistic("shared", 0.2)),
        (recipes.LogisticLikelihood(components=4), LogisticMixture(4, 0.1)),
    ],
)
def test_from_a_recipe(spec, likelihood):
    assert likelihood_of(spec) == likelihood
    assert type(likelihood_of(spec)) is type(likelihood)


def test_only_a_scale_for_every_pixel_needs_more_outputs():
    assert [Gaussian(scale).output_channels(3) for scale in ("fixed", "shared", "per-pixel")] == [3, 3, 6]
    assert Bernoulli().output_channels(3) == 3
