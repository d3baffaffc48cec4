import numpy as np
import pytest

from isthmus.probability.densities import GaussianMixture, fit_density, typical
from isthmus.recipes import CodeDensity

ONE, SEVERAL = CodeDensity(), CodeDensity(kind="mixture", components=3)
CENTRES = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 30.0]])


def clusters(count=3000, seed=0):
    rng = np.random.default_rng(seed)
    which = rng.choice(3, count, p=[0.5, 0.3, 0.2])
    return CENTRES[which] + rng.standard_normal((count, 2))


class TestOneGaussian:
    def test_is_the_maximum_of_the_likelihood(self):
        codes = np.random.default_rng(0).multivariate_normal([1, -2, 3], [[2, 1, 0], [1, 3, 0.5], [0, 0.5, 1]], 500)
        density = fit_density(codes, ONE, 0)
        np.testing.assert_allclose(density.means, codes.mean(axis=0, keepdims=True))
        covariance = density.factors[0] @ density.factors[0].T
        np.testing.assert_allclose(covariance, np.cov(codes.T, bias=True), atol=1e-5)
        np.testing.assert_array_equal(np.triu(density.factors[0], 1), 0.0)

    def test_samples_have_its_moments(self):
        codes = np.random.default_rng(0).multivariate_normal([1, -2], [[2, 1], [1, 3]], 500)
        drawn = fit_density(codes, ONE, 0).sample(50_000, np.random.default_rng(1))
        assert drawn.dtype == np.float32
        np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.04)
        np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T, bias=True), atol=0.1)

    def test_a_dimension_that_never_varies_stays_where_it_is(self):
        codes = np.random.default_rng(0).normal(size=(100, 3))
        codes[:, 1] = 0.0
        drawn = fit_density(codes, ONE, 0).sample(1000, np.random.default_rng(1))
        assert np.abs(drawn[:, 1]).max() < 0.01
        assert drawn[:, 0].std() > 0.5

    @pytest.mark.parametrize("spec", [ONE, SEVERAL])
    def test_a_single_code(self, spec):
        drawn = fit_density(np.array([[1.0, 2.0]], np.float32), spec, 0).sample(10, np.random.default_rng(1))
        np.testing.assert_allclose(drawn, np.tile([[1.0, 2.0]], (10, 1)), atol=0.02)

    def test_codes_of_one_dimension(self):
        drawn = fit_density(np.arange(10.0)[:, None], ONE, 0).sample(5000, np.random.default_rng(1))
        assert drawn.shape == (5000, 1)
        assert drawn.std() == pytest.approx(np.arange(10).std(), rel=0.05)


class TestMixture:
    def test_finds_clusters(self):
        density = fit_density(clusters(), SEVERAL, 0)
        order = [int(np.linalg.norm(density.means - centre, axis=1).argmin()) for centre in CENTRES]
        np.testing.assert_allclose(density.means[order], CENTRES, atol=0.2)
        np.testing.assert_allclose(density.weights[order], [0.5, 0.3, 0.2], atol=0.04)
        assert density.weights.sum() == pytest.approx(1.0)

    def test_samples_fall_into_them(self):
        drawn = fit_density(clusters(), SEVERAL, 0).sample(5000, np.random.default_rng(1))
        distance = np.linalg.norm(drawn[:, None] - CENTRES, axis=2)
        assert (distance.min(axis=1) < 5).all()
        np.testing.assert_allclose(np.bincount(distance.argmin(axis=1)) / 5000, [0.5, 0.3, 0.2], atol=0.04)

    def test_a_seed_gives_one_fit(self):
        first, second = fit_density(clusters(), SEVERAL, 5), fit_density(clusters(), SEVERAL, 5)
        np.testing.assert_array_equal(first.means, second.means)

    def test_too_few_codes_for_so_many_components(self):
        density = fit_density(np.random.default_rng(0).normal(size=(9, 2)), CodeDensity(kind="mixture"), 0)
        assert len(density.weights) == 2


def test_a_seed_gives_one_sample():
    density = fit_density(clusters(), SEVERAL, 0)
    first, again, other = (density.sample(9, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_arrays_give_it_back():
    density = fit_density(clusters(), SEVERAL, 0)
    arrays = {**density.arrays("all"), **fit_density(clusters(seed=1), ONE, 0).arrays("label.3")}
    again = GaussianMixture.from_arrays(arrays, "all")
    for name in ("weights", "means", "factors"):
        np.testing.assert_array_equal(getattr(again, name), getattr(density, name))
    with pytest.raises(KeyError):
        GaussianMixture.from_arrays(arrays, "label.4")


def test_a_typical_code_lies_where_the_others_do():
    """Standard normal codes of 64 dimensions have lengths near 8; what is nearest to their median is shorter."""
    codes = np.random.default_rng(0).normal(size=(500, 64))
    lengths = np.linalg.norm(codes, axis=1)
    assert abs(lengths[typical(codes)] - np.median(lengths)) < 0.2
    assert lengths.min() < np.median(lengths) - 1
