import numpy as np
import pytest
from keras import ops
from scipy import stats

from isthmus import recipes
from isthmus.probability import latent_variable, namespace


@pytest.fixture
def posterior():
    rng = np.random.default_rng(0)
    return {"mean": rng.normal(size=(3, 4)), "log_variance": rng.normal(size=(3, 4))}


def many_draws(posterior, count=40_000):
    """Draws of each image's posterior by SciPy: (count, images, dims)."""
    return stats.norm(posterior["mean"], np.exp(posterior["log_variance"] / 2)).rvs(
        (count, *posterior["mean"].shape), random_state=1
    )


class TestGaussianUnderStandardNormal:
    variable = latent_variable(recipes.Recipe(latent=recipes.GaussianLatent(dim=4)))

    def test_log_ratio_is_that_of_the_densities(self, posterior):
        z = np.random.default_rng(3).normal(size=(3, 4))
        q = stats.norm(posterior["mean"], np.exp(posterior["log_variance"] / 2)).logpdf(z)
        expected = (q - stats.norm.logpdf(z)).sum(axis=-1)
        np.testing.assert_allclose(self.variable.log_ratio(namespace, z, posterior), expected)
        several = self.variable.log_ratio(namespace, np.stack([z, z]), posterior)
        np.testing.assert_allclose(several, np.stack([expected, expected]))

    def test_closed_form_is_the_mean_of_the_log_ratio(self, posterior):
        ratios = self.variable.log_ratio(namespace, many_draws(posterior), posterior)
        closed = self.variable.kl(namespace, posterior).sum(axis=-1)
        errors = stats.sem(ratios)
        assert (np.abs(ratios.mean(axis=0) - closed) < 4.5 * errors).all()
        assert (errors < 0.05 * closed).all()
        np.testing.assert_allclose(self.variable.rate(namespace, posterior["mean"], posterior), closed)

    def test_keras_gives_the_same(self, posterior):
        single = {name: value.astype(np.float32) for name, value in posterior.items()}
        z = np.ones((2, 3, 4), np.float32)
        for call in (
            lambda xp: self.variable.kl(xp, single),
            lambda xp: self.variable.log_ratio(xp, z, single),
            lambda xp: self.variable.rate(xp, z, single),
        ):
            np.testing.assert_allclose(ops.convert_to_numpy(call(ops)), call(namespace), rtol=1e-5, atol=1e-5)

    @pytest.mark.backend("tensorflow")
    def test_takes_a_batch_of_unknown_size(self):
        """As TensorFlow traces a step whose batches may differ in size."""
        import tensorflow as tf

        traced = tf.function(lambda z: self.variable.log_p(ops, z), [tf.TensorSpec((2, None, 4))])
        z = np.random.default_rng(3).normal(size=(2, 3, 4)).astype(np.float32)
        np.testing.assert_allclose(traced(z), stats.norm.logpdf(z).sum(axis=-1), rtol=1e-5)

    def test_samples_of_the_prior_are_normal(self):
        codes = self.variable.sample_prior(5000, np.random.default_rng(0))
        assert codes.shape == (5000, 4)
        assert stats.kstest(codes.ravel(), stats.norm.cdf).pvalue > 1e-3


class TestPoint:
    variable = latent_variable(recipes.Recipe(latent=recipes.PointLatent(dim=4)))

    def test_costs_nothing(self, posterior):
        np.testing.assert_array_equal(self.variable.kl(namespace, posterior), np.zeros((3, 4)))
        np.testing.assert_array_equal(self.variable.log_ratio(namespace, posterior["mean"], posterior), np.zeros(3))
        np.testing.assert_array_equal(self.variable.rate(namespace, posterior["mean"], posterior), np.zeros(3))
        assert not self.variable.has_rate
        assert not self.variable.has_standard_prior
