import numpy as np
import pytest
from keras import ops
from scipy import stats

from isthmus import recipes
from isthmus.probability import LatentGroup, latent_of, latent_variable, namespace
from isthmus.probability.latents import GaussianPosterior, PointCode


@pytest.fixture
def posterior():
    rng = np.random.default_rng(0)
    return {"mean": rng.normal(size=(3, 4)), "log_variance": rng.normal(size=(3, 4))}


class TestGaussian:
    latent = GaussianPosterior((4,))

    def test_draws_follow_the_posterior(self, posterior):
        noise = np.random.default_rng(2).standard_normal((20_000, 4))
        one = {name: value[:1] for name, value in posterior.items()}
        z = self.latent.sample(namespace, one, noise)
        for i in range(4):
            law = stats.norm(one["mean"][0, i], np.exp(one["log_variance"][0, i] / 2))
            assert stats.kstest(z[:, i], law.cdf).pvalue > 1e-3

    def test_no_noise_is_the_mean(self, posterior):
        np.testing.assert_array_equal(self.latent.sample(namespace, posterior, np.zeros((3, 4))), posterior["mean"])

    def test_log_q_is_its_density(self, posterior):
        z = np.random.default_rng(3).normal(size=(5, 3, 4))
        expected = stats.norm(posterior["mean"], np.exp(posterior["log_variance"] / 2)).logpdf(z).sum(axis=-1)
        np.testing.assert_allclose(self.latent.log_q(namespace, z, posterior), expected)

    def test_keras_gives_the_same(self, posterior):
        single = {name: value.astype(np.float32) for name, value in posterior.items()}
        z = np.ones((3, 4), np.float32)
        for call in (
            lambda xp: self.latent.log_q(xp, z, single),
            lambda xp: self.latent.sample(xp, single, z),
        ):
            np.testing.assert_allclose(ops.convert_to_numpy(call(ops)), call(namespace), rtol=1e-5, atol=1e-5)

    def test_group(self):
        assert self.latent.group == LatentGroup("latent", "gaussian", (4,))
        assert self.latent.parameter_names == ("mean", "log_variance")
        assert self.latent.has_posterior


class TestPoint:
    latent = PointCode((4,))

    def test_is_its_mean_whatever_the_noise(self, posterior):
        z = self.latent.sample(namespace, posterior, np.full((3, 4), 1e9))
        np.testing.assert_array_equal(z, posterior["mean"])

    def test_has_no_distribution(self, posterior):
        np.testing.assert_array_equal(self.latent.log_q(namespace, posterior["mean"], posterior), np.zeros(3))
        assert not self.latent.has_posterior

    def test_group(self):
        assert self.latent.group == LatentGroup("latent", "point", (4,))
        assert self.latent.parameter_names == ("mean",)


def test_from_a_recipe():
    assert latent_of(recipes.PointLatent(dim=5, activation="relu")) == PointCode((5,), "relu")
    assert latent_of(recipes.GaussianLatent(dim=5, epsilon_std=0.5)) == GaussianPosterior((5,), 0.5)
    assert latent_of(recipes.SpatialPointLatent(grid=(3, 4), channels=2)) == PointCode((3, 4, 2))
    assert latent_of(recipes.SpatialGaussianLatent(grid=(3, 4), channels=2)) == GaussianPosterior((3, 4, 2))


def test_the_dimensions_of_a_grid_are_all_counted():
    fields = recipes.SpatialGaussianLatent(grid=(3, 4), channels=2)
    assert fields.dim == 24
    assert latent_variable(recipes.Recipe(latent=fields)).group == LatentGroup("latent", "gaussian", (3, 4, 2))


def test_a_dense_network_has_no_grid():
    with pytest.raises(ValueError, match=r"latent.kind='spatial-point' needs a network with a grid"):
        recipes.Recipe(latent=recipes.SpatialPointLatent(), network=recipes.DenseNetwork())
