import numpy as np
import pytest
from scipy.stats import norm

from isthmus.probability import namespace
from isthmus.probability.importance import RunningLogMeanExp, log_mean_exp, log_weights
from isthmus.probability.latents import GaussianPosterior


@pytest.fixture
def draws():
    rng = np.random.default_rng(0)
    posterior = {"mean": rng.standard_normal((6, 3)), "log_variance": rng.standard_normal((6, 3))}
    return rng.standard_normal((6, 3)), posterior, rng.random(6) * 100


def test_a_log_weight_is_the_joint_less_the_posterior(draws):
    z, posterior, distortion = draws
    expected = -distortion + norm.logpdf(z).sum(1)
    expected -= norm.logpdf(z, posterior["mean"], np.exp(0.5 * posterior["log_variance"])).sum(1)
    np.testing.assert_allclose(log_weights(namespace, GaussianPosterior(3), z, posterior, distortion), expected)


def test_numpy_and_keras_give_the_same(draws):
    ops = pytest.importorskip("keras").ops
    z, posterior, distortion = draws
    single = [np.asarray(array, np.float32) for array in (z, distortion)]
    parameters = {name: array.astype(np.float32) for name, array in posterior.items()}
    ours = log_weights(namespace, GaussianPosterior(3), z, posterior, distortion)
    theirs = log_weights(ops, GaussianPosterior(3), single[0], parameters, single[1])
    np.testing.assert_allclose(ops.convert_to_numpy(theirs), ours, rtol=1e-5, atol=1e-5)
    both = log_mean_exp(ops, ops.convert_to_tensor(ours.reshape(2, 3).astype(np.float32)))
    np.testing.assert_allclose(ops.convert_to_numpy(both), log_mean_exp(namespace, ours.reshape(2, 3)), rtol=1e-5)


def test_log_mean_exp_holds_where_exponentials_do_not():
    assert log_mean_exp(namespace, np.array([-2000.0, -2000.0])) == pytest.approx(-2000.0)
    assert log_mean_exp(namespace, np.array([0.0, np.log(3.0)])) == pytest.approx(np.log(2.0))


def test_one_after_another_gives_what_all_at_once_gives():
    values = np.random.default_rng(1).normal(-900, 8, (200, 4))
    running = RunningLogMeanExp(4)
    for row in values:
        running.add(row)
    np.testing.assert_allclose(running.value, log_mean_exp(namespace, values))
    weights = np.exp(values - values.max(axis=0))
    np.testing.assert_allclose(running.effective_count, weights.sum(0) ** 2 / (weights**2).sum(0))


@pytest.mark.parametrize(("values", "effective"), [([3.0] * 5, 5.0), ([0.0, -800.0, -900.0], 1.0)])
def test_the_effective_count_is_from_one_to_all(values, effective):
    running = RunningLogMeanExp(1)
    for value in values:
        running.add(np.array([value]))
    assert running.effective_count == pytest.approx(effective)
