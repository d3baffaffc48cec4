import math

import numpy as np
import pytest
from scipy import stats

from isthmus.units import Estimate, bits, bits_per_dim


def test_a_coin_is_one_bit():
    coin = stats.bernoulli(0.5)
    assert bits(float(coin.entropy())) == pytest.approx(1.0)


def test_uniform_bytes_are_eight_bits_a_dimension():
    dims = 28 * 28 * 3
    assert bits_per_dim(dims * float(stats.randint(0, 256).entropy()), dims) == pytest.approx(8.0)


@pytest.mark.parametrize("dims", [0, -1])
def test_needs_dimensions(dims):
    with pytest.raises(ValueError, match=f"positive number of dimensions; got {dims}"):
        bits_per_dim(1.0, dims)


def test_standard_error_is_that_of_scipy():
    values = np.random.default_rng(0).gamma(2.0, size=37)
    estimate = Estimate.of(values)
    assert estimate.mean == pytest.approx(values.mean())
    assert estimate.standard_error == pytest.approx(stats.sem(values))
    assert estimate.count == 37


def test_standard_error_covers_the_truth():
    rng = np.random.default_rng(1)
    estimates = [Estimate.of(rng.standard_normal(50)) for _ in range(2000)]
    covered = np.mean([abs(estimate.mean) < 1.96 * estimate.standard_error for estimate in estimates])
    assert 0.92 < covered < 0.97


def test_one_value_has_no_known_error():
    estimate = Estimate.of(np.array([3.0]))
    assert estimate.mean == 3.0
    assert math.isnan(estimate.standard_error)


def test_reads_as_a_figure():
    assert str(Estimate(-151.2345, 0.678, 10)) == "-151.23 ± 0.68"
