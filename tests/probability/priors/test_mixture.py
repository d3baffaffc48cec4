import numpy as np
import pytest
from keras import ops
from scipy import stats
from scipy.special import logsumexp

from isthmus import recipes
from isthmus.networks import learned_arrays
from isthmus.probability import latent_variable, namespace, prior_of
from isthmus.probability.latents import GaussianPosterior
from isthmus.probability.priors import MixtureOfGaussians

RNG = np.random.default_rng(0)
LEARNED = {
    "logits": RNG.normal(size=(1, 3)).astype(np.float32),
    "means": 3 * RNG.normal(size=(1, 3, 2)).astype(np.float32),
    "log_variances": RNG.normal(size=(1, 3, 2)).astype(np.float32),
}
Z = RNG.normal(size=(7, 2))
PRIOR = prior_of(recipes.MixturePrior(components=3), GaussianPosterior((2,)))


def learned(codes):
    assert codes.shape == (1, 2)
    return LEARNED


def density(z):
    """By SciPy, component by component."""
    logits, means, log_variances = (LEARNED[name][0].astype(float) for name in ("logits", "means", "log_variances"))
    each = [
        stats.multivariate_normal(mean, np.diag(np.exp(log_variance))).logpdf(z)
        for mean, log_variance in zip(means, log_variances, strict=True)
    ]
    return logsumexp(np.stack(each, axis=-1) + logits - logsumexp(logits), axis=-1)


def test_is_the_density_of_a_mixture():
    np.testing.assert_allclose(PRIOR.log_p(namespace, Z, learned), density(Z), rtol=1e-5)
    of_keras = PRIOR.log_p(ops, Z.astype(np.float32), learned)
    np.testing.assert_allclose(ops.convert_to_numpy(of_keras), density(Z), rtol=1e-4)


def test_samples_have_its_moments_and_its_density():
    codes = PRIOR.sample(10_000, 2, np.random.default_rng(1), learned)
    weights = np.exp(LEARNED["logits"][0]) / np.exp(LEARNED["logits"][0]).sum()
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes.mean(axis=0), weights @ LEARNED["means"][0], atol=0.2)
    # E[log p] by the samples is minus the entropy, which the integral of the density gives too.
    side = np.linspace(-16, 16, 321)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    log_p = density(grid)
    integral = (np.exp(log_p) * log_p).sum() * (side[1] - side[0]) ** 2
    assert density(codes).mean() == pytest.approx(integral, abs=4.5 * stats.sem(density(codes)))


def test_one_component_at_the_start_is_a_standard_normal_around_its_mean():
    initial = MixtureOfGaussians(1).initial(4, np.random.default_rng(3))
    network = learned_arrays(initial, 4, "prior")
    z = np.random.default_rng(4).normal(size=(5, 4)).astype(np.float32)
    found = MixtureOfGaussians(1).log_p(ops, z, network)
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), stats.norm.logpdf(z - initial["means"]).sum(axis=-1), rtol=1e-4
    )


def test_what_is_learned_has_the_declared_shapes():
    shapes = {name: value.shape for name, value in PRIOR.initial(2, np.random.default_rng(0)).items()}
    assert shapes == dict(PRIOR.learned_shapes(2))


def test_there_is_no_closed_form():
    recipe = recipes.Recipe(prior=recipes.MixturePrior(components=3))
    variable = latent_variable(recipe, learned)
    posterior = {"mean": Z, "log_variance": np.zeros_like(Z)}
    assert variable.kl(namespace, posterior) is None
    assert not variable.has_standard_prior
    expected = stats.norm.logpdf(Z, Z).sum(axis=-1) - density(Z)
    np.testing.assert_allclose(variable.rate(namespace, Z, posterior), expected, rtol=1e-5)


def test_a_point_has_none():
    with pytest.raises(ValueError, match=r"prior.kind='mixture' is what a rate is measured from"):
        recipes.Recipe(latent=recipes.PointLatent(), prior=recipes.MixturePrior())
