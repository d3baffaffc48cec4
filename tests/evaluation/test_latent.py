import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from isthmus.evaluation.latent import information, latent_section, measure_latent, prior_holes
from isthmus.probability import latent_variable
from isthmus.recipes import GaussianLatent, PointLatent, Recipe
from isthmus.runs import EncodedImages

PLANE = latent_variable(Recipe(latent=GaussianLatent(dim=2)))


def codes_of(mean, log_variance, seed=0):
    mean, log_variance = np.broadcast_arrays(np.asarray(mean, float), np.asarray(log_variance, float))
    posterior = {"mean": mean.copy(), "log_variance": log_variance.copy()}
    return EncodedImages(None, latent_variable(Recipe(latent=GaussianLatent(dim=mean.shape[1]))), posterior, seed)


def test_a_mixture_far_apart_tells_all_of_which_image_it_was():
    """Eight narrow posteriors that never meet: a code gives its image away, which is log 8 nats."""
    mean = np.repeat(10.0 * np.arange(8.0), 250)[:, None]
    mean += np.repeat(np.arange(250) * 0.0, 8)[:, None]
    found = information(codes_of(mean, -4.0))
    assert found.mutual_information.mean == pytest.approx(np.log(8), abs=1e-6)


def test_the_information_of_a_mixture_of_two_is_the_integral():
    mean = np.where(np.arange(6000) % 2, 1.0, -1.0)[:, None]
    found = information(codes_of(mean, np.log(0.8)))
    z = np.linspace(-9, 9, 20001)
    q = np.stack([norm.pdf(z, m, np.sqrt(0.8)) for m in (-1, 1)])
    mixture = q.mean(0)
    expected = np.mean([np.trapezoid(row * np.log(row / mixture), z) for row in q])
    marginal = np.trapezoid(mixture * (np.log(mixture) - norm.logpdf(z)), z)
    error = 4 * found.mutual_information.standard_error
    assert found.mutual_information.mean == pytest.approx(expected, abs=error)
    assert found.marginal_kl.mean == pytest.approx(marginal, abs=4 * found.marginal_kl.standard_error)


def test_the_rate_is_the_information_and_the_marginal_together():
    """Hoffman & Johnson (2016), for the same draws: exactly the Monte-Carlo rate; near the one in closed form."""
    rng = np.random.default_rng(3)
    codes = codes_of(rng.standard_normal((3000, 3)), rng.normal(-1.5, 0.3, (3000, 3)))
    found = information(codes)
    sampled = norm.logpdf(codes.drawn, codes.mean, np.exp(0.5 * codes.log_variance)) - norm.logpdf(codes.drawn)
    both = found.mutual_information.mean + found.marginal_kl.mean
    assert both == pytest.approx(sampled.sum(1).mean())
    assert both == pytest.approx(measure_latent(codes, 0).kl.sum(), rel=0.03)


@pytest.mark.slow
def test_independent_dimensions_have_no_total_correlation_and_equal_ones_have():
    rng = np.random.default_rng(0)
    apart = information(codes_of(rng.standard_normal((4000, 2)), np.log(0.5)))
    assert apart.total_correlation.mean == pytest.approx(0.0, abs=0.03)
    one = rng.standard_normal((4000, 1))
    together = information(codes_of(np.repeat(one, 2, axis=1), np.log(0.5)))
    # A Gaussian pair of correlation 1 / 1.5.
    assert together.total_correlation.mean == pytest.approx(-0.5 * np.log(1 - (1 / 1.5) ** 2), abs=0.05)
    assert together.marginal_kl.mean == pytest.approx(
        together.total_correlation.mean + together.dimension_kl.mean, abs=1e-9
    )


def test_all_pairs_are_summed():
    codes = codes_of(np.random.default_rng(1).standard_normal((40, 2)), -1.0)
    densities = norm.logpdf(codes.drawn[:, None], codes.mean, np.exp(-0.5)).sum(2)
    joint = logsumexp(densities, axis=1) - np.log(40)
    assert information(codes).mutual_information.mean == pytest.approx(np.mean(np.diag(densities) - joint))


def test_information_at_its_ceiling_is_said_to_be():
    codes = codes_of(np.random.default_rng(0).standard_normal((300, 8)) * 5, -6.0)
    found = information(codes)
    assert found.saturated
    assert found.mutual_information.mean <= found.ceiling + 1e-9
    (row,) = (row for row in latent_section(measure_latent(codes, 0)).rows if row.key == "mutual_information_nats")
    assert "it is a lower bound" in row.meaning


def test_a_posterior_that_is_the_prior_counts_nothing():
    found = measure_latent(codes_of(np.zeros((500, 3)), 0.0), 0)
    assert found.kl == pytest.approx(0.0)
    assert not found.active.any()
    assert found.information.mutual_information.mean == pytest.approx(0.0, abs=1e-9)
    assert found.holes == pytest.approx(0.01, abs=0.02)


def test_a_dimension_is_active_if_its_mean_varies():
    mean = np.random.default_rng(0).standard_normal((1000, 3)) * np.array([1.0, 0.09, 0.11])
    assert measure_latent(codes_of(mean, -1.0), 0).active.tolist() == [True, False, True]


def test_holes_are_where_codes_never_fall():
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((4000, 2))
    assert prior_holes(normal, PLANE, 0) == pytest.approx(0.01, abs=0.02)
    ring = normal / np.linalg.norm(normal, axis=1, keepdims=True) * (1.5 + 0.1 * rng.standard_normal((4000, 1)))
    # Of the prior, exp(-r²/2) taken between 1.25 and 1.75, 24% is on the ring.
    on_ring = np.exp(-(1.25**2) / 2) - np.exp(-(1.75**2) / 2)
    assert prior_holes(ring, PLANE, 0) == pytest.approx(1 - on_ring, abs=0.1)
    assert prior_holes(3.0 + 0.1 * normal, PLANE, 0) > 0.99


def test_a_plain_autoencoder_has_active_dimensions_and_no_rate():
    mean = np.random.default_rng(0).standard_normal((300, 3)) * np.array([5.0, 0.0, 1.0])
    found = measure_latent(EncodedImages(None, latent_variable(Recipe(latent=PointLatent(dim=3))), {"mean": mean}), 0)
    assert found.active.tolist() == [True, False, True]
    assert found.information is None
    assert [row.key for row in latent_section(found).rows] == ["dims", "active_units"]


def test_holes_do_not_depend_on_the_order_of_codes():
    """Ten clusters, as codes of a folder come: class by class."""
    rng = np.random.default_rng(0)
    sorted_codes = np.repeat(3.0 * rng.standard_normal((10, 2)), 100, axis=0) + 0.1 * rng.standard_normal((1000, 2))
    found = [prior_holes(codes, PLANE, 0) for codes in (sorted_codes, rng.permutation(sorted_codes))]
    assert found[0] == pytest.approx(found[1], abs=0.1)
    assert found[0] > 0.6
