import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops
from scipy import stats

from isthmus.probability import namespace
from isthmus.probability.likelihoods import Logistic, LogisticMixture

LEVELS = (np.arange(256) / 255.0).reshape(256, 1, 1, 1)
EDGES = np.concatenate([[-np.inf], (np.arange(255) + 0.5) / 255.0, [np.inf]])
EVERY = [Logistic("shared"), Logistic("per-pixel"), LogisticMixture(2), LogisticMixture(5, sigma=0.02)]


def single(mean, log_scale, count=256):
    return {name: np.full((count, 1, 1, 1), value) for name, value in (("mean", mean), ("log_scale", log_scale))}


def mixed(logits, means, log_scales, count=256):
    named = {"mixture_logits": logits, "means": means, "log_scales": log_scales}
    return {name: np.tile(np.asarray(value, np.float64), (count, 1, 1, 1, 1)) for name, value in named.items()}


def masses(likelihood, parameters):
    return np.exp(-likelihood.distortion(namespace, LEVELS, parameters))


def bounds(likelihood, raw):
    """The log scale that a network's output comes to."""
    outputs = np.full((1, 1, 1, likelihood.output_channels(1)), float(raw))
    parameters = likelihood.parameters(namespace, outputs, outputs[..., :1])
    return float(np.ravel(parameters.get("log_scales", parameters.get("log_scale")))[0])


FLOOR, CEILING = bounds(Logistic(), -1e6), bounds(Logistic(), 1e6)
SCALES = st.floats(FLOOR, CEILING)


@given(mean=st.floats(-2.0, 3.0), log_scale=SCALES)
def test_the_levels_have_probability_one_together(mean, log_scale):
    assert masses(Logistic(), single(mean, log_scale)).sum() == pytest.approx(1.0, abs=1e-9)


@given(st.lists(st.tuples(st.floats(-9.0, 9.0), st.floats(-2.0, 3.0), SCALES), min_size=1, max_size=6))
def test_the_levels_of_a_mixture_have_probability_one_together(components):
    logits, means, log_scales = zip(*components, strict=True)
    likelihood = LogisticMixture(len(components))
    assert masses(likelihood, mixed(logits, means, log_scales)).sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("mean", "scale"), [(0.5, 0.1), (-0.2, 0.05), (1.3, 0.3), (0.0, 3.0), (0.251, 0.002)])
def test_a_mass_is_the_logistics(mean, scale):
    expected = np.diff(stats.logistic(mean, scale).cdf(EDGES))
    np.testing.assert_allclose(masses(Logistic(), single(mean, math.log(scale))), expected, rtol=1e-6, atol=1e-15)


def test_a_mass_holds_its_digits_far_out():
    """A tail's mass is its density times the width of a bin where that is narrow beside the scale."""
    nats = Logistic().distortion(namespace, LEVELS[200:201], single(-30.0, math.log(0.1), 1))
    expected = -stats.logistic(-30.0, 0.1).logpdf(200 / 255) + math.log(255.0)
    assert nats[0] == pytest.approx(expected, rel=1e-5)
    assert nats[0] > 300.0


@given(mean=st.floats(-2.0, 3.0), log_scale=SCALES, seed=st.integers(0, 9))
def test_a_mixture_of_one_is_the_single(mean, log_scale, seed):
    one = mixed([float(seed)], [mean], [log_scale])
    expected = Logistic().distortion(namespace, LEVELS, single(mean, log_scale))
    np.testing.assert_allclose(LogisticMixture(1).distortion(namespace, LEVELS, one), expected, rtol=1e-9, atol=1e-12)


def test_a_mixture_is_the_weighted_sum():
    found = masses(LogisticMixture(2), mixed([math.log(3.0), 0.0], [0.1, 0.9], [-3.0, -2.0]))
    first, second = masses(Logistic(), single(0.1, -3.0)), masses(Logistic(), single(0.9, -2.0))
    np.testing.assert_allclose(found, 0.75 * first + 0.25 * second, rtol=1e-9)


@pytest.mark.parametrize("likelihood", EVERY, ids=repr)
def test_channels_and_pixels_are_summed(likelihood):
    rng = np.random.default_rng(0)
    outputs = rng.standard_normal((2, 3, 4, likelihood.output_channels(3)))
    levels = rng.integers(0, 256, (2, 3, 4, 3)) / 255.0
    parameters = likelihood.parameters(namespace, outputs, np.full((2, 1, 1, 1), -2.0))
    whole = likelihood.distortion(namespace, levels, parameters)
    assert whole.shape == (2,)
    broad = {name: np.broadcast_to(value, (2, 3, 4, 3, *value.shape[4:])) for name, value in parameters.items()}
    parts = sum(
        likelihood.distortion(
            namespace,
            levels[:, y : y + 1, x : x + 1, c : c + 1],
            {name: value[:, y : y + 1, x : x + 1, c : c + 1] for name, value in broad.items()},
        )
        for y in range(3)
        for x in range(4)
        for c in range(3)
    )
    np.testing.assert_allclose(whole, parts)


@pytest.mark.parametrize("raw", [-1e4, -30.0, 0.0, 30.0, 1e4])
@pytest.mark.parametrize("location", [-1e4, -1.0, 0.3, 1e4])
@pytest.mark.parametrize("likelihood", EVERY[1:], ids=repr)
def test_the_loss_and_its_gradient_stay_finite(likelihood, location, raw):
    """The keras of the session differentiates; float32 throughout."""
    levels = np.array([0, 1, 127, 254, 255], np.float32).reshape(-1, 1, 1, 1) / np.float32(255)
    channels = likelihood.output_channels(1)
    outputs = np.full((5, 1, 1, channels), raw, np.float32)
    outputs[..., : channels // 2] = location
    loss, gradient = loss_and_gradient(likelihood, levels, outputs)
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()
    if abs(location) == 1e4 and raw < 1e4:
        assert np.abs(gradient[2]).max() > 0.0, "nothing draws a location back that is far off"


def loss_and_gradient(likelihood, levels, outputs):
    tf = pytest.importorskip("tensorflow")
    if ops.convert_to_tensor(outputs).__class__.__module__.partition(".")[0] != "tensorflow":
        pytest.skip("differentiates with TensorFlow")
    variable = tf.Variable(outputs)
    with tf.GradientTape() as tape:
        loss = likelihood.distortion(ops, levels, likelihood.parameters(ops, variable))
    return loss.numpy(), tape.gradient(loss, variable).numpy()


@pytest.mark.parametrize(("mean", "log_scale"), [(0.4, -2.0), (-0.1, -3.0), (1.2, -1.0), (0.7, 1.0), (0.5, 4.0)])
def test_the_mean_is_the_expected_level(mean, log_scale):
    parameters = single(mean, log_scale)
    expected = np.sum(masses(Logistic(), parameters) * LEVELS.ravel())
    found = Logistic().mean(namespace, parameters)
    np.testing.assert_allclose(found, expected, atol=0.5 / 255)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_the_mean_of_a_mixture_is_the_expected_level():
    parameters = mixed([0.0, 1.0, -1.0], [0.1, 0.5, 1.4], [-3.0, -2.0, 0.0])
    expected = np.sum(masses(LogisticMixture(3), parameters) * LEVELS.ravel())
    np.testing.assert_allclose(LogisticMixture(3).mean(namespace, parameters), expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("likelihood", "parameters"),
    [
        (Logistic(), single(0.2, -2.0, 30_000)),
        (LogisticMixture(2), mixed([0.3, -0.3], [0.0, 0.8], [-4.0, -2.0], 30_000)),
    ],
    ids=repr,
)
def test_samples_have_the_masses(likelihood, parameters):
    drawn = likelihood.sample(parameters, np.random.default_rng(0))
    levels = np.round(drawn.ravel() * 255).astype(int)
    np.testing.assert_allclose(drawn.ravel() * 255, levels, atol=1e-4)
    expected = masses(likelihood, {name: value[:256] for name, value in parameters.items()}) * len(levels)
    # Levels too rare for the test are counted together.
    common = expected > 5.0
    counts = np.bincount(levels, minlength=256)
    found = [*counts[common], counts[~common].sum()]
    wanted = np.array([*expected[common], expected[~common].sum()])
    assert stats.chisquare(found, wanted * sum(found) / wanted.sum()).pvalue > 1e-3


@pytest.mark.parametrize("likelihood", EVERY[1:], ids=repr)
def test_training_starts_in_the_middle_with_sigma(likelihood):
    parameters = likelihood.parameters(namespace, np.zeros((1, 2, 2, likelihood.output_channels(3))))
    assert set(parameters) == set(likelihood.parameter_names)
    means = parameters.get("means", parameters.get("mean"))
    assert np.mean(means) == pytest.approx(0.5)
    assert means.shape[:4] == (1, 2, 2, 3)
    scales = np.exp(parameters.get("log_scales", parameters.get("log_scale")))
    np.testing.assert_allclose(scales, likelihood.sigma, rtol=0.025)


def test_a_mixture_starts_spread_from_black_to_white():
    likelihood = LogisticMixture(4)
    means = likelihood.parameters(namespace, np.zeros((1, 1, 1, likelihood.output_channels(1))))["means"]
    np.testing.assert_allclose(means.ravel(), [0.125, 0.375, 0.625, 0.875])


@pytest.mark.parametrize("likelihood", EVERY, ids=repr)
def test_a_scale_is_bounded(likelihood):
    """At the least one, a level can be had for next to nothing; at the largest, all are alike."""
    assert math.exp(bounds(likelihood, -1e6)) * 255 == pytest.approx(0.1)
    assert masses(Logistic(), single(127 / 255, FLOOR))[127] > 0.98
    np.testing.assert_allclose(masses(Logistic(), single(0.5, CEILING))[1:-1], 1 / 255 / 400, rtol=1e-4)


def test_a_sure_black_costs_nothing():
    """Most of a digit's pixels are black: a location below black makes them free."""
    assert Logistic().distortion(namespace, LEVELS[:1], single(-0.1, -7.0, 1))[0] < 1e-12
