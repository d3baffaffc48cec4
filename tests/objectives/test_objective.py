import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from isthmus import recipes
from isthmus.objectives import RateDistortion, objective_of
from isthmus.objectives.ms_ssim import ms_ssim
from isthmus.probability import Forward, latent_variable, likelihood_of, namespace

RNG = np.random.default_rng(0)
IMAGES = (RNG.uniform(size=(6, 3, 4, 1)) > 0.5).astype(np.float32)
POSTERIOR = {name: RNG.normal(size=(6, 2)).astype(np.float32) for name in ("mean", "log_variance")}
Z = RNG.normal(size=(6, 2)).astype(np.float32)
OUTPUTS = {"logits": RNG.normal(size=(6, 3, 4, 1)).astype(np.float32)}
GAUSSIAN, POINT = (
    latent_variable(recipes.Recipe(latent=latent))
    for latent in (recipes.GaussianLatent(dim=2), recipes.PointLatent(dim=2))
)
BERNOULLI = likelihood_of(recipes.BernoulliLikelihood())


def given(xp, values):
    """Arrays of a namespace: PyTorch's tensors do not mix with NumPy's arrays."""
    if isinstance(values, dict):
        return {name: given(xp, value) for name, value in values.items()}
    return values if xp is namespace else ops.convert_to_tensor(values)


def terms(estimator, xp=namespace, variable=GAUSSIAN, z=Z, beta=1.0):
    images, outputs, posterior, z = (given(xp, values) for values in (IMAGES, OUTPUTS, POSTERIOR, z))
    distortion = BERNOULLI.distortion(xp, images, outputs)
    return RateDistortion(estimator, beta, 0).terms(Forward(xp, variable, posterior, z[None], distortion[None]))


@pytest.mark.parametrize("estimator", ["closed-form", "monte-carlo"])
def test_keras_and_numpy_agree(estimator):
    ours, keras = terms(estimator), terms(estimator, ops)
    assert set(ours.rates) == set(keras.rates) == {"latent"}
    np.testing.assert_allclose(ops.convert_to_numpy(keras.distortion), ours.distortion, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(keras.rate), ours.rate, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.loss, ours.distortion + ours.rate)
    assert ours.distortion.shape == ours.rate.shape == (6,)


def test_estimators_agree_on_average_and_not_on_one_sample():
    rng = np.random.default_rng(1)
    draws = [
        terms("monte-carlo", z=GAUSSIAN.sample(namespace, POSTERIOR, rng.standard_normal((6, 2)))).rate
        for _ in range(20_000)
    ]
    closed = terms("closed-form").rate
    errors = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert (np.abs(np.mean(draws, axis=0) - closed) < 4.5 * errors).all()
    assert not np.allclose(draws[0], closed)


def test_a_point_has_no_rate():
    assert terms("closed-form", variable=POINT).rates == {}


def test_beta_grows_linearly_over_the_warm_up():
    objective = objective_of(recipes.ELBO(beta=4.0, beta_warmup_epochs=2.5), steps_per_epoch=8)
    steps = np.arange(40.0)
    expected = 4.0 * np.minimum(steps / 20, 1.0)
    np.testing.assert_allclose([objective.weight(namespace, step) for step in steps], expected)
    found = [float(ops.convert_to_numpy(objective.weight(ops, np.float32(step)))) for step in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_no_warm_up():
    objective = objective_of(recipes.ELBO(beta=4.0), steps_per_epoch=8)
    assert [objective.weight(namespace, step) for step in (0.0, 1.0, 1e6)] == [4.0] * 3


@pytest.mark.parametrize("variable", [GAUSSIAN, POINT])
def test_penalties_are_named_and_in_the_loss(variable):
    images = np.random.default_rng(4).uniform(size=(6, 3, 4, 1)).astype(np.float32)
    distortion = BERNOULLI.distortion(namespace, images, OUTPUTS)
    prediction = BERNOULLI.mean(namespace, OUTPUTS)
    objective = objective_of(recipes.ELBO(beta=2.0, ms_ssim=0.7), 1)
    forward = Forward(namespace, variable, POSTERIOR, Z[None], distortion[None], None, images, prediction[None])
    found = objective.terms(forward)
    assert objective.penalty_names == tuple(found.penalties) == ("dissimilarity",)
    expected = 0.7 * 12 * (1 - ms_ssim(namespace, images, prediction))
    np.testing.assert_allclose(found.penalties["dissimilarity"], expected, rtol=1e-5)
    np.testing.assert_allclose(found.loss, distortion + 2.0 * found.rate + expected, rtol=1e-5)
    assert objective_of(recipes.ELBO(), 1).penalty_names == ()


class TestImportanceWeighted:
    """Against the definition, by SciPy."""

    K = 5
    DRAWS = np.random.default_rng(2).normal(size=(K, 6, 2))
    DISTORTION = np.random.default_rng(3).uniform(3, 9, size=(K, 6))

    def terms(self, xp=namespace, draws=K):
        arrays = (given(xp, array[:draws].astype(np.float32)) for array in (self.DRAWS, self.DISTORTION))
        forward = Forward(xp, GAUSSIAN, given(xp, POSTERIOR), *arrays)
        return objective_of(recipes.IWAE(draws=draws), 1).terms(forward)

    def log_weights(self):
        q = stats.norm(POSTERIOR["mean"], np.exp(POSTERIOR["log_variance"] / 2)).logpdf(self.DRAWS).sum(-1)
        return stats.norm.logpdf(self.DRAWS).sum(-1) - q - self.DISTORTION

    def test_is_the_log_of_the_mean_weight(self):
        expected = special.logsumexp(self.log_weights(), axis=0) - np.log(self.K)
        np.testing.assert_allclose(self.terms().loss, -expected, rtol=1e-4)
        np.testing.assert_allclose(ops.convert_to_numpy(self.terms(ops).loss), -expected, rtol=1e-4)

    def test_is_the_elbo_of_one_draw(self):
        one = self.terms(draws=1)
        np.testing.assert_allclose(one.loss, one.distortion + one.rate)

    def test_is_tighter_than_the_elbo(self):
        found = self.terms()
        assert (found.loss < found.distortion + found.rate).all()
