import itertools
import math

import numpy as np
import pytest
from keras import ops
from scipy import integrate, stats

from isthmus import recipes
from isthmus.probability import likelihood_of, namespace
from isthmus.probability.likelihoods import LOG_SCALE_FLOOR, Bernoulli, Gaussian, Laplace

LAWS = {Gaussian: stats.norm, Laplace: stats.laplace}
SHAPE = (3, 4, 5, 2)
EVERY = [Bernoulli()] + [
    family(scale, 0.3, squash)
    for family, scale, squash in itertools.product(LAWS, ["fixed", "shared", "per-pixel"], [True, False])
]


def images(binary=False):
    x = np.random.default_rng(0).uniform(size=SHAPE)
    return (x > 0.5).astype(float) if binary else x


def parameters_of(likelihood, xp=namespace, seed=1, dtype=np.float64):
    """Parameters as a decoder's last layer would make them."""
    channels = likelihood.output_channels(SHAPE[-1])
    outputs = np.random.default_rng(seed).normal(size=(*SHAPE[:-1], channels)).astype(dtype)
    initial = likelihood.initial_log_scale
    log_scale = None if initial is None else np.full((SHAPE[0], 1, 1, 1), initial, dtype)
    if xp is ops:
        outputs = ops.convert_to_tensor(outputs)
        log_scale = None if log_scale is None else ops.convert_to_tensor(log_scale)
    return likelihood.parameters(xp, outputs, log_scale)


class TestBernoulli:
    def test_distortion_is_minus_the_log_probability(self):
        parameters = parameters_of(Bernoulli())
        law = stats.bernoulli(1 / (1 + np.exp(-parameters["logits"])))
        x = images(binary=True)
        expected = -law.logpmf(x).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(Bernoulli().distortion(namespace, x, parameters), expected)

    def test_all_images_together_have_probability_one(self):
        logits = np.random.default_rng(0).normal(size=(1, 2, 2, 2))
        every = np.array(list(itertools.product([0.0, 1.0], repeat=8))).reshape(-1, 2, 2, 2)
        nats = Bernoulli().distortion(namespace, every, {"logits": logits})
        assert np.exp(-nats).sum() == pytest.approx(1.0)

    def test_grey_targets_cost_their_cross_entropy(self):
        parameters, x = parameters_of(Bernoulli()), images()
        p = 1 / (1 + np.exp(-parameters["logits"]))
        expected = -(x * np.log(p) + (1 - x) * np.log1p(-p)).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(Bernoulli().distortion(namespace, x, parameters), expected)

    def test_sure_logits_stay_finite(self):
        logits = np.full((1, 1, 1, 2), [-1e4, 1e4])
        nats = Bernoulli().distortion(namespace, np.ones((1, 1, 1, 2)), {"logits": logits})
        np.testing.assert_allclose(nats, [1e4])

    def test_samples_have_the_mean(self):
        logits = np.random.default_rng(0).normal(size=(1, 3, 3, 1))
        drawn = Bernoulli().sample({"logits": np.repeat(logits, 20_000, axis=0)}, np.random.default_rng(1))
        assert set(np.unique(drawn)) == {0.0, 1.0}
        np.testing.assert_allclose(drawn.mean(axis=0), Bernoulli().mean(namespace, {"logits": logits})[0], atol=0.015)


@pytest.mark.parametrize("likelihood", EVERY[1:], ids=repr)
class TestDensities:
    def test_distortion_is_minus_the_log_density(self, likelihood):
        parameters = parameters_of(likelihood)
        scale = np.exp(parameters["log_scale"]) if "log_scale" in parameters else 0.3
        law = LAWS[type(likelihood)](parameters["mean"], scale)
        expected = -law.logpdf(images()).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(likelihood.distortion(namespace, images(), parameters), expected)

    def test_integrates_to_one(self, likelihood):
        parameters = {"mean": np.full((1, 1, 1, 1), 0.4)}
        if likelihood.scale != "fixed":
            parameters["log_scale"] = np.full((1, 1, 1, 1), math.log(0.2))

        def density(x):
            return float(np.exp(-likelihood.distortion(namespace, np.full((1, 1, 1, 1), x), parameters))[0])

        total, _ = integrate.quad(density, -8, 8, points=[0.4])
        assert total == pytest.approx(1.0, abs=1e-6)

    def test_scale_starts_at_sigma(self, likelihood):
        outputs = np.zeros((1, 2, 2, likelihood.output_channels(1)))
        initial = likelihood.initial_log_scale
        parameters = likelihood.parameters(
            namespace, outputs, None if initial is None else np.full((1, 1, 1, 1), initial)
        )
        assert set(parameters) == set(likelihood.parameter_names)
        np.testing.assert_allclose(parameters["mean"], 0.5 if likelihood.squash else 0.0)
        if likelihood.scale != "fixed":
            np.testing.assert_allclose(np.exp(parameters["log_scale"]), 0.3, rtol=0.02)

    def test_samples_have_location_and_scale(self, likelihood):
        parameters = {"mean": np.full((1, 1, 1, 20_000), 0.5)}
        if likelihood.scale != "fixed":
            parameters["log_scale"] = np.full((1, 1, 1, 1), math.log(0.02))
        drawn = likelihood.sample(parameters, np.random.default_rng(0))
        assert drawn.min() >= 0.0
        assert drawn.max() <= 1.0
        law = LAWS[type(likelihood)](0.5, 0.02 if likelihood.scale != "fixed" else 0.3)
        inner = drawn[(drawn > 0.0) & (drawn < 1.0)]
        within = law.cdf(1) - law.cdf(0)
        assert stats.kstest(inner, lambda x: (law.cdf(x) - law.cdf(0)) / within).pvalue > 1e-3

    def test_mean_is_an_image(self, likelihood):
        mean = likelihood.mean(namespace, {"mean": np.array([-2.0, 0.3, 7.0])})
        np.testing.assert_allclose(mean, [0.0, 0.3, 1.0])


@pytest.mark.parametrize("likelihood", [one for one in EVERY[1:] if one.scale != "fixed"], ids=repr)
def test_a_learned_scale_cannot_vanish(likelihood):
    outputs = np.full((1, 2, 2, likelihood.output_channels(1)), -1e6)
    parameters = likelihood.parameters(namespace, outputs, np.full((1, 1, 1, 1), -1e6))
    np.testing.assert_allclose(parameters["log_scale"], LOG_SCALE_FLOOR)


@pytest.mark.parametrize("likelihood", EVERY, ids=repr)
def test_keras_gives_the_same(likelihood):
    x = images(binary=True).astype(np.float32)
    ours = parameters_of(likelihood, dtype=np.float32)
    keras = parameters_of(likelihood, ops, dtype=np.float32)
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
    ],
)
def test_from_a_recipe(spec, likelihood):
    assert likelihood_of(spec) == likelihood
    assert type(likelihood_of(spec)) is type(likelihood)


def test_only_a_scale_for_every_pixel_needs_more_outputs():
    assert [Gaussian(scale).output_channels(3) for scale in ("fixed", "shared", "per-pixel")] == [3, 3, 6]
    assert Bernoulli().output_channels(3) == 3
