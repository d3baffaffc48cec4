import math

import numpy as np
import pytest
from scipy import special, stats

from isthmus.codec.coder.distributions import (
    BlackOrWhite,
    Discretised,
    Posterior,
    information,
    mixture_weights,
    prior_masses,
)
from isthmus.codec.coder.stack import Stack

WHOLE = 1 << 24


def fixed(values):
    return np.rint(np.asarray(values, float) * 2**16).astype(np.int64)


def stack():
    return Stack(np.arange(1, 2000, dtype=np.uint32))


def test_the_prior_is_the_normal_on_its_grid():
    masses = prior_masses()
    assert masses.sum() == WHOLE
    edges = (np.arange(257) - 128.5) / 16
    edges[[0, -1]] = -np.inf, np.inf
    np.testing.assert_allclose(masses / WHOLE, np.diff(special.ndtr(edges)), rtol=3e-5, atol=3 / WHOLE)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.3, 0.2), (-2.7, 0.05)])
def test_a_posterior_s_codes_are_those_of_its_normal(mean, deviation):
    several = 4000
    posterior = Posterior(fixed(np.full((several, 1), mean)), fixed(np.full((several, 1), 2 * math.log(deviation))))
    rng = np.random.default_rng(0)
    on_it = Stack(rng.integers(1, 2**32, 4000, dtype=np.uint32))
    codes = (posterior.pop(on_it).ravel() - 128) / 16
    codes = codes[np.abs(codes - mean) < 6 * deviation + 0.1]  # each level has 2^-24 at least, far ones too
    assert len(codes) > several - 5
    wide = math.hypot(deviation, 1 / 16 / math.sqrt(12))
    assert codes.mean() == pytest.approx(mean, abs=5 * wide / several**0.5)
    assert codes.std() == pytest.approx(wide, rel=0.05)


@pytest.mark.parametrize(("mean", "level"), [(0.01, 128), (-1.25, 108), (60.0, 255), (-60.0, 0)])
def test_a_sharp_posterior_s_code_is_the_nearest(mean, level):
    posterior = Posterior(fixed(np.full((50, 1), mean)), fixed(np.full((50, 1), -11.0)))
    assert set(posterior.pop(stack()).ravel()) == {level}


def test_popped_codes_are_pushed_back():
    rng = np.random.default_rng(0)
    posterior = Posterior(fixed(rng.normal(size=(30, 5)) * 4), fixed(rng.normal(size=(30, 5)) * 5 - 3))
    on_it = stack()
    before = on_it.words()
    levels = posterior.pop(on_it)
    posterior.push(on_it, levels)
    np.testing.assert_array_equal(on_it.words(), before)


def test_the_bits_of_a_posterior_are_its_entropy():
    log_variance = np.array([[0.0, -2.0, -20.0]])
    exact = sum(
        max(0.0, 4 + 0.5 * math.log2(2 * math.pi * math.e) + v / 2 * math.log2(math.e)) for v in log_variance[0]
    )
    assert Posterior(fixed(np.zeros((1, 3))), fixed(log_variance)).bits()[0] == pytest.approx(exact, abs=1)


def test_the_nearest_code():
    mean = fixed([[0.0, 0.99, -0.04, 99.0, -99.0]])
    assert Posterior(mean, mean).nearest().tolist() == [[128, 144, 127, 255, 0]]


def test_black_or_white_costs_what_a_bernoulli_costs():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20, 8, 8, 1)) * 5
    images = np.where(rng.logistic(size=logits.shape) < logits, 255, 0).astype(np.uint8)
    on_it = stack()
    before = on_it.bits
    BlackOrWhite().push(on_it, images, {"logits": fixed(logits)})
    exact = np.logaddexp(0, np.where(images > 0, -logits, logits)).sum() / math.log(2)
    assert on_it.bits - before == pytest.approx(exact, abs=40)
    np.testing.assert_array_equal(BlackOrWhite().pop(on_it, {"logits": fixed(logits)}, images.shape), images)
    assert BlackOrWhite().bits(images, {"logits": fixed(logits)}).sum() == pytest.approx(exact, rel=0.2)


def exact_logistic(images, mean, scale):
    x = images.astype(float) / 255
    upper = np.where(images == 255, np.inf, (x + 0.5 / 255 - mean) / scale)
    lower = np.where(images == 0, -np.inf, (x - 0.5 / 255 - mean) / scale)
    return special.expit(upper) - special.expit(lower)


@pytest.mark.parametrize("scale", [0.004, 0.03, 0.3])
def test_levels_cost_what_a_discretised_logistic_costs(scale):
    rng = np.random.default_rng(1)
    mean = rng.random((10, 6, 6, 2)) * 1.2 - 0.1
    images = np.clip(np.rint(255 * (mean + scale * rng.logistic(size=mean.shape))), 0, 255).astype(np.uint8)
    parameters = {"mean": fixed(mean), "log_scale": fixed(np.full(mean.shape, math.log(scale)))}
    model = Discretised("logistic")
    on_it = stack()
    before = on_it.bits
    model.push(on_it, images, parameters)
    exact = -np.log2(exact_logistic(images, mean, scale)).sum()
    assert on_it.bits - before == pytest.approx(exact, rel=0.005, abs=32)
    assert model.bits(images, parameters).sum() == pytest.approx(exact, rel=0.05)
    np.testing.assert_array_equal(model.pop(on_it, parameters, images.shape), images)


def test_a_gaussian_of_a_given_scale():
    rng = np.random.default_rng(2)
    mean = rng.random((8, 5, 5, 1))
    images = np.clip(np.rint(255 * (mean + 0.1 * rng.normal(size=mean.shape))), 0, 255).astype(np.uint8)
    model = Discretised("normal", log_scale=round(math.log(0.1) * 2**16))
    on_it = stack()
    before = on_it.bits
    model.push(on_it, images, {"mean": fixed(mean)})
    edges = (np.arange(257) - 0.5) / 255
    edges[[0, -1]] = -np.inf, np.inf
    mass = stats.norm.cdf((edges[images.astype(int) + 1] - mean) / 0.1) - stats.norm.cdf(
        (edges[images.astype(int)] - mean) / 0.1
    )
    assert on_it.bits - before == pytest.approx(-np.log2(mass).sum(), rel=0.005, abs=32)
    np.testing.assert_array_equal(model.pop(on_it, {"mean": fixed(mean)}, images.shape), images)


def test_a_mixture_costs_what_it_should():
    rng = np.random.default_rng(3)
    shape = (6, 4, 4, 3, 5)
    logits, means = rng.normal(size=shape) * 2, rng.random(shape)
    scales = np.exp(rng.normal(size=shape) - 3)
    images = rng.integers(0, 256, shape[:4]).astype(np.uint8)
    parameters = {"mixture_logits": fixed(logits), "means": fixed(means), "log_scales": fixed(np.log(scales))}
    model = Discretised("logistic", mixture=True)
    on_it = stack()
    before = on_it.bits
    model.push(on_it, images, parameters)
    each = exact_logistic(images[..., None], means, scales)
    exact = -np.log2(np.maximum((special.softmax(logits, axis=-1) * each).sum(axis=-1), 2.0**-24)).sum()
    assert on_it.bits - before == pytest.approx(exact, rel=0.02)
    np.testing.assert_array_equal(model.pop(on_it, parameters, images.shape), images)


def test_pixels_far_from_everything_can_still_be_coded():
    images = np.array([0, 255], np.uint8).reshape(1, 1, 2, 1)
    parameters = {"mean": fixed([[[[400.0], [-400.0]]]]), "log_scale": fixed(np.full((1, 1, 2, 1), -8.0))}
    on_it = stack()
    before = on_it.bits
    Discretised("logistic").push(on_it, images, parameters)
    assert on_it.bits - before <= 64
    np.testing.assert_array_equal(Discretised("logistic").pop(on_it, parameters, images.shape), images)


def test_one_scale_serves_all_pixels():
    images = np.arange(12, dtype=np.uint8).reshape(2, 3, 2, 1)
    parameters = {"mean": fixed(np.full(images.shape, 0.02)), "log_scale": fixed(np.full((2, 1, 1, 1), -3.0))}
    on_it = stack()
    Discretised("logistic").push(on_it, images, parameters)
    np.testing.assert_array_equal(Discretised("logistic").pop(on_it, parameters, images.shape), images)


def test_mixture_weights_are_the_softmax():
    logits = np.random.default_rng(0).normal(size=(50, 7)) * 4
    weights = mixture_weights(fixed(logits))
    np.testing.assert_allclose(weights / weights.sum(axis=1, keepdims=True), special.softmax(logits, axis=1), atol=1e-4)


def test_information_is_a_logarithm():
    masses = np.random.default_rng(0).integers(1, WHOLE, 1000)
    masses[:2] = 1, WHOLE
    exact = 24 - np.log2(masses)
    assert np.abs(information(masses) / 256 - exact).max() < 0.1
