import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from isthmus.probability import namespace
from isthmus.probability.gaussian import gaussian_nll, kl_from_standard_normal

NUMBER, LOG_SCALE = st.floats(-5, 5), st.floats(-3, 2)


@given(NUMBER, NUMBER, LOG_SCALE)
def test_density(x, mean, log_scale):
    expected = -stats.norm(mean, np.exp(log_scale)).logpdf(x)
    assert gaussian_nll(namespace, np.float64(x), mean, np.float64(log_scale)) == pytest.approx(expected, rel=1e-9)


@given(NUMBER, st.floats(-4, 3))
def test_divergence_is_the_integral(mean, log_variance):
    posterior, prior = stats.norm(mean, np.exp(log_variance / 2)), stats.norm()
    low, high = posterior.interval(1 - 1e-13)
    expected, _ = integrate.quad(
        lambda z: posterior.pdf(z) * (posterior.logpdf(z) - prior.logpdf(z)), low, high, points=[mean]
    )
    found = kl_from_standard_normal(namespace, np.float64(mean), np.float64(log_variance))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_divergence_of_the_prior_from_itself_is_nothing():
    assert kl_from_standard_normal(namespace, np.zeros(3), np.zeros(3)) == pytest.approx(np.zeros(3))


@given(NUMBER, st.floats(-4, 3))
def test_divergence_is_never_negative(mean, log_variance):
    assert kl_from_standard_normal(namespace, np.float64(mean), np.float64(log_variance)) >= -1e-12
