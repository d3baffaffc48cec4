import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

from isthmus.probability import namespace
from isthmus.probability.likelihoods import LOG_SCALE_FLOOR, Gaussian, Laplace

LAWS = {Gaussian: stats.norm, Laplace: stats.laplace}
EVERY = [
    family(scale, 0.3, squash)
    for family, scale, squash in itertools.product(LAWS, ["fixed", "shared", "per-pixel"], [True, False])
]


@pytest.mark.parametrize("likelihood", EVERY, ids=repr)
class TestDensities:
    def test_distortion_is_minus_the_log_density(self, likelihood, images, parameters_of):
        parameters = parameters_of(likelihood)
        scale = np.exp(parameters["log_scale"]) if "log_scale" in parameters else 0.3
        law = LAWS[type(likelihood)](parameters["mean"], scale)
        expected = -law.logpdf(images).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(likelihood.distortion(namespace, images, parameters), expected)

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


@pytest.mark.parametrize("likelihood", [one for one in EVERY if one.scale != "fixed"], ids=repr)
def test_a_learned_scale_cannot_vanish(likelihood):
    outputs = np.full((1, 2, 2, likelihood.output_channels(1)), -1e6)
    parameters = likelihood.parameters(namespace, outputs, np.full((1, 1, 1, 1), -1e6))
    np.testing.assert_allclose(parameters["log_scale"], LOG_SCALE_FLOOR)
