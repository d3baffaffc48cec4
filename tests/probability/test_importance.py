import numpy as np
import pytest

from isthmus.probability import namespace
from isthmus.probability.importance import RunningLogMeanExp, log_mean_exp


def test_numpy_and_keras_give_the_same():
    ops = pytest.importorskip("keras").ops
    values = np.random.default_rng(0).normal(-50, 20, (2, 3))
    found = log_mean_exp(ops, ops.convert_to_tensor(values.astype(np.float32)))
    np.testing.assert_allclose(ops.convert_to_numpy(found), log_mean_exp(namespace, values), rtol=1e-5)


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
