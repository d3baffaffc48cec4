import tracemalloc

import numpy as np
import pytest
import safetensors.numpy
from keras import ops
from scipy.special import expit, logsumexp
from scipy.stats import multivariate_normal, sem

import isthmus
from isthmus.data import EvaluationBatches, as_source, batches, select
from isthmus.errors import DataError, UsageError
from isthmus.probability import latent_variable
from isthmus.recipes import IWAE, DenseNetwork, GaussianLatent, Pixels, Recipe, Training, with_fields
from isthmus.scores import evidence, gather_evidence, measure_for, score
from isthmus.training.fit import build_model
from isthmus.training.weights import set_weights


def gather(model, draws, seed=0, **options):
    return gather_evidence(model.run, model.source, measure_for(model.run, model.source), draws, seed, **options)


def test_with_the_exact_posterior_one_draw_gives_the_exact_log_probability(exact):
    """Every weight is p(x) itself then, whatever the draw (Burda et al. 2016, section 3)."""
    found = gather(exact, 1)
    np.testing.assert_allclose(found.log_likelihood, exact.exact(), atol=2e-4)
    assert found.effective_draws == pytest.approx(1.0)


def test_the_elbo_of_the_exact_posterior_is_the_log_probability(exact):
    elbo = gather(exact, 2000).elbo
    np.testing.assert_allclose(elbo.mean(), exact.exact().mean(), atol=0.02)


def test_the_bound_rises_with_the_draws_to_the_exact_value(rough):
    truth = rough.exact().mean()
    bounds = [gather(rough, draws).log_likelihood.mean() for draws in (1, 5, 50, 2000)]
    assert bounds == sorted(bounds)
    assert bounds[0] < truth - 0.3
    assert bounds[-1] == pytest.approx(truth, abs=0.01)


def test_the_elbo_is_below_the_weighted_bound(rough):
    found = gather(rough, 100)
    assert np.all(found.elbo < found.log_likelihood + 0.5)
    assert found.elbo.mean() < found.log_likelihood.mean()


def test_the_rate_in_closed_form_is_the_mean_of_log_ratios(rough):
    """A Monte-Carlo KL from the run's own posterior, by SciPy."""
    from scipy.stats import norm

    posterior = rough.run.encode(rough.source.images)
    mean, deviation = posterior["mean"].astype(float), np.exp(0.5 * posterior["log_variance"].astype(float))
    z = mean + deviation * np.random.default_rng(0).standard_normal((4000, *mean.shape))
    sampled = (norm.logpdf(z, mean, deviation) - norm.logpdf(z)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(gather(rough, 1).rate, sampled, atol=0.1)


def test_a_bernoulli_bound_reaches_the_integral(coin):
    """One latent number: the integral over it is a sum over a fine grid."""
    run, weights, bias, source = coin
    found = gather_evidence(run, source, measure_for(run, source), 3000, seed=4)
    (batch,) = EvaluationBatches(source, 8, run.recipe, 4)
    x = batch.target.reshape(8, -1).astype(float)
    z = np.linspace(-10, 10, 4001)[:, None]
    white = expit(z * weights.astype(np.float32) + bias)
    log_joint = x @ np.log(white).T + (1 - x) @ np.log1p(-white).T - 0.5 * z[:, 0] ** 2 - 0.5 * np.log(2 * np.pi)
    exact = logsumexp(log_joint, axis=1) + np.log(z[1, 0] - z[0, 0])
    np.testing.assert_allclose(found.log_likelihood, exact, atol=0.05)


@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_the_results_do_not_depend_on_the_batch_size(rough, batch_size, monkeypatch):
    whole = gather(rough, 20, seed=3)
    monkeypatch.setattr(batches, "BATCH_IMAGES", batch_size)
    parts = gather(rough, 20, seed=3)
    np.testing.assert_allclose(parts.log_likelihood, whole.log_likelihood, atol=1e-4)
    np.testing.assert_allclose(parts.distortion, whole.distortion, atol=1e-4)
    np.testing.assert_allclose(parts.effective_draws, whole.effective_draws, rtol=1e-4)


def test_more_draws_go_on_from_fewer(rough):
    """The sum of four weights is that of the first two and of two others, none negative."""
    two, four = gather(rough, 2), gather(rough, 4)
    assert np.all(four.log_likelihood + np.log(4) > two.log_likelihood + np.log(2))


def test_the_seed_fixes_the_draws(rough):
    assert np.array_equal(gather(rough, 3, seed=1).distortion, gather(rough, 3, seed=1).distortion)
    assert not np.array_equal(gather(rough, 3, seed=1).distortion, gather(rough, 3, seed=2).distortion)


def test_every_image_counts_once(rough, monkeypatch):
    seen = []
    original = evidence.encoded_batches

    def counted(*arguments):
        for batch in original(*arguments):
            seen.append(len(batch.images.input))
            yield batch

    monkeypatch.setattr(evidence, "encoded_batches", counted)
    monkeypatch.setattr(batches, "BATCH_IMAGES", 16)
    assert len(gather(rough, 1).elbo) == 50
    assert seen == [16, 16, 16, 2]


def test_memory_does_not_grow_with_the_draws(rough):
    peaks = []
    for draws in (10, 400):
        tracemalloc.start()
        gather(rough, draws)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 100_000


def test_an_image_alone_scores_as_among_others(rough):
    first = select(rough.source, [0])
    alone = gather_evidence(rough.run, first, measure_for(rough.run, first), 10)
    np.testing.assert_allclose(alone.log_likelihood, gather(rough, 10).log_likelihood[:1], atol=1e-4)


def test_training_counts_the_same_distortion_and_rate(exact):
    counted, found = score(exact.run, exact.source), gather(exact, 400)
    np.testing.assert_allclose(counted.rate, found.rate)
    assert counted.distortion.mean() == pytest.approx(found.distortion.mean(), abs=0.5)


def test_no_draw_is_refused(exact):
    with pytest.raises(UsageError, match="at least one importance sample for each image; got 0"):
        gather(exact, 0)


def test_images_of_another_shape_are_refused(exact, coin):
    with pytest.raises(DataError, match="expected images of 4x3x1"):
        gather_evidence(exact.run, coin[3], measure_for(exact.run, coin[3]), 1)


def test_where_there_is_no_likelihood_the_reason_is_given(exact):
    measure = measure_for(exact.run, exact.source)
    none = type(measure)("none", "because", measure.likelihood, measure.pixels)
    with pytest.raises(UsageError, match="because"):
        gather_evidence(exact.run, exact.source, none, 1)


def test_a_linear_model_with_a_learned_prior_has_the_exact_log_probability(exact, monkeypatch):
    """Under a mixture of two Gaussians, p(x) is a mixture of two: each N(W m + c, W S Wᵀ + sigma² I)."""
    learned = {
        "logits": np.log(np.array([[0.3, 0.7]], np.float32)),
        "means": np.array([[[0.4, -0.5], [-0.3, 0.2]]], np.float32),
        "log_variances": np.log(np.array([[[0.7, 1.2], [0.9, 0.5]]], np.float32)),
    }
    recipe = with_fields(exact.run.recipe, {"prior": "mixture", "prior.components": 2})
    variable = latent_variable(recipe, lambda codes: learned)
    monkeypatch.setattr(type(exact.run), "latent", property(lambda run: variable))
    flat = exact.source.images.reshape(len(exact.source), -1).astype(np.float64)
    parts = []
    for logit, mean, log_variance in zip(*(learned[name][0].astype(float) for name in learned), strict=True):
        spread = exact.loadings.T @ np.diag(np.exp(log_variance)) @ exact.loadings
        covariance = spread + exact.sigma**2 * np.eye(flat.shape[1])
        parts.append(logit + multivariate_normal(mean @ exact.loadings + exact.centre, covariance).logpdf(flat))
    truth = logsumexp(parts, axis=0)
    found = gather(exact, 4000)
    assert np.abs(found.log_likelihood - truth).max() < 0.1
    assert found.log_likelihood.mean() == pytest.approx(truth.mean(), abs=0.01)
    # Without a closed form, the rate is the mean over the draws, and the ELBO is still a bound.
    assert found.elbo.mean() < truth.mean()


@pytest.mark.slow
def test_the_importance_weighted_objective_is_the_bound_at_its_draws(tmp_path):
    """Training's loss at K draws and the evaluation's bound at K draws have one mean."""
    images = np.random.default_rng(0).integers(0, 256, (24, 5, 4, 1)).astype(np.uint8)
    recipe = Recipe(
        pixels=Pixels(binarise="threshold"),
        network=DenseNetwork(units=(6,)),
        latent=GaussianLatent(dim=2),
        objective=IWAE(draws=4),
        training=Training(epochs=4, batch_size=4, learning_rate=3e-2),
    )
    run = isthmus.train(images, recipe, tmp_path / "run", report=False)
    source = as_source(images)
    bounds = [gather_evidence(run, source, measure_for(run, source), 4, seed).log_likelihood for seed in range(200)]
    model = build_model(recipe, run.image)
    set_weights(model, safetensors.numpy.load_file(tmp_path / "run" / "weights.safetensors"), "the run")
    batch = {"input": images, "target": images}
    losses = []
    for _ in range(200):
        loss = model.compute_loss(x=batch, y_pred=model(batch, training=True), training=True)
        losses.append(-float(ops.convert_to_numpy(loss)) * run.image.dims)
    ours, theirs = np.mean(bounds, axis=1), np.array(losses)
    assert abs(ours.mean() - theirs.mean()) < 4.5 * np.hypot(sem(ours), sem(theirs))
    assert sem(theirs) < 0.1
