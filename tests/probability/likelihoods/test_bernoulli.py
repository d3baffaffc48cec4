import itertools

import numpy as np
import pytest
from scipy import stats

from isthmus.probability import namespace
from isthmus.probability.likelihoods import Bernoulli


def test_distortion_is_minus_the_log_probability(images, parameters_of):
    parameters = parameters_of(Bernoulli())
    law = stats.bernoulli(1 / (1 + np.exp(-parameters["logits"])))
    x = (images > 0.5).astype(float)
    expected = -law.logpmf(x).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(Bernoulli().distortion(namespace, x, parameters), expected)


def test_all_images_together_have_probability_one():
    logits = np.random.default_rng(0).normal(size=(1, 2, 2, 2))
    every = np.array(list(itertools.product([0.0, 1.0], repeat=8))).reshape(-1, 2, 2, 2)
    nats = Bernoulli().distortion(namespace, every, {"logits": logits})
    assert np.exp(-nats).sum() == pytest.approx(1.0)


def test_grey_targets_cost_their_cross_entropy(images, parameters_of):
    parameters, x = parameters_of(Bernoulli()), images
    p = 1 / (1 + np.exp(-parameters["logits"]))
    expected = -(x * np.log(p) + (1 - x) * np.log1p(-p)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(Bernoulli().distortion(namespace, x, parameters), expected)


def test_sure_logits_stay_finite():
    logits = np.full((1, 1, 1, 2), [-1e4, 1e4])
    nats = Bernoulli().distortion(namespace, np.ones((1, 1, 1, 2)), {"logits": logits})
    np.testing.assert_allclose(nats, [1e4])


def test_samples_have_the_mean():
    logits = np.random.default_rng(0).normal(size=(1, 3, 3, 1))
    drawn = Bernoulli().sample({"logits": np.repeat(logits, 20_000, axis=0)}, np.random.default_rng(1))
    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_allclose(drawn.mean(axis=0), Bernoulli().mean(namespace, {"logits": logits})[0], atol=0.015)
