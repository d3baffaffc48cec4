import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import laplace, norm

from isthmus.probability.discretised import gaussian_log_mass, laplace_log_mass, level_edges
from isthmus.probability.likelihoods import LOG_SCALE_FLOOR, Gaussian, Laplace

FAMILIES = [(gaussian_log_mass, norm), (laplace_log_mass, laplace)]
LEVELS = np.arange(256, dtype=np.uint8)


def test_the_bins_cover_everything_once():
    lower, upper = level_edges(LEVELS)
    assert lower[0] == -np.inf
    assert upper[-1] == np.inf
    np.testing.assert_allclose(lower[1:], upper[:-1], rtol=1e-15)
    assert lower[1] == pytest.approx(0.5 / 255)


@pytest.mark.parametrize(("log_mass", "distribution"), FAMILIES)
@pytest.mark.parametrize(
    ("lower", "upper"), [(-1.0, 2.0), (0.0, 0.5), (-0.5, 0.0), (2.5, 2.6), (-np.inf, 0.3), (1.0, np.inf)]
)
def test_the_mass_is_the_integral_of_the_density(log_mass, distribution, lower, upper):
    expected = quad(
        distribution.pdf, lower, upper, points=[0.0] if lower < 0 < upper < np.inf and lower > -np.inf else None
    )
    assert np.exp(log_mass(lower, upper)) == pytest.approx(expected[0], rel=1e-7)


@pytest.mark.parametrize(("log_mass", "distribution"), FAMILIES)
def test_the_mass_holds_its_digits_far_out(log_mass, distribution):
    """There the mass is the upper edge's tail, less one that is far smaller."""
    left, right = log_mass(-300.0, -290.0), log_mass(290.0, 300.0)
    assert left == right == pytest.approx(distribution.logsf(290.0), rel=1e-4)


@pytest.mark.parametrize(("log_mass", "distribution"), FAMILIES)
def test_a_thin_bin_has_the_density_times_its_width(log_mass, distribution):
    at = np.array([-5.0, -0.7, 0.0, 0.3, 6.0])
    np.testing.assert_allclose(log_mass(at - 5e-7, at + 5e-7), distribution.logpdf(at) + np.log(1e-6), atol=1e-5)


@pytest.mark.parametrize("family", [Gaussian, Laplace])
@given(mean=st.floats(-1.0, 2.0), log_scale=st.floats(LOG_SCALE_FLOOR, 3.0))
def test_the_levels_have_probability_one_together(family, mean, log_scale):
    parameters = {
        "mean": np.full((256, 1, 1, 1), mean, np.float64),
        "log_scale": np.full((256, 1, 1, 1), log_scale, np.float64),
    }
    nats = family("shared").discretised_distortion(LEVELS.reshape(-1, 1, 1, 1), parameters)
    assert np.isfinite(nats).all()
    assert np.exp(-nats).sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("family", [Gaussian, Laplace])
def test_a_wide_density_counts_as_its_value_times_the_width_of_a_level(family):
    """The proper figure and the training loss part by 784 log 255 where levels are fine beside the scale."""
    rng = np.random.default_rng(0)
    levels = rng.integers(1, 255, (3, 28, 28, 1)).astype(np.uint8)
    mean = rng.random((3, 28, 28, 1)).astype(np.float32)
    likelihood = family("fixed", 0.3)
    density = likelihood.distortion(np, levels / 255.0, {"mean": mean.astype(np.float64)})
    proper = likelihood.discretised_distortion(levels, {"mean": mean})
    np.testing.assert_allclose(proper, density + 784 * np.log(255.0), rtol=1e-4)
