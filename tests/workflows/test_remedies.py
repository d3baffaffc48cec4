"""Each remedy, tried on a run in which its fault was planted: what does not help there is not offered."""

import os
import signal

import numpy as np
import pytest

import isthmus
from isthmus.evaluation.diagnosis.codes import prior_holes
from isthmus.recipes import (
    DenseNetwork,
    GaussianLatent,
    GaussianLikelihood,
    PointLatent,
    Recipe,
    Training,
    with_fields,
)
from isthmus.training import callbacks
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.diagnosis import diagnose_quickly, measure

pytestmark = pytest.mark.slow

PLAIN = Recipe(
    name="planted",
    network=DenseNetwork(units=(16,)),
    latent=PointLatent(dim=2),
    likelihood=GaussianLikelihood(sigma=0.2),
    training=Training(epochs=8, batch_size=16, learning_rate=1e-2),
)
VAE = PLAIN.model_copy(
    update={"latent": GaussianLatent(dim=2), "likelihood": GaussianLikelihood(scale="shared", sigma=0.1)}
)


@pytest.fixture(scope="module")
def squares():
    """Images of 8x8 with a bright square somewhere: two numbers say all about them."""
    rng = np.random.default_rng(0)
    places = rng.uniform(1, 7, (400, 2))
    across = np.arange(8) + 0.5
    apart = [np.exp(-np.square(across - places[:, [axis]]) / 4) for axis in (0, 1)]
    return np.rint(255 * apart[0][:, :, None] * apart[1][:, None, :]).astype(np.uint8)[..., None]


@pytest.fixture
def tried(squares, tmp_path):
    """Plants a fault, tries the remedy that is offered for it, and gives the summary before and after."""

    def tried(key, recipe, images=squares):
        run = isthmus.train(images, recipe, tmp_path / "planted", report=False)
        before = diagnose_quickly(run, measure(run, open_held_out(run, images)))
        (finding,) = [finding for finding in before.findings if finding.has_remedy]
        assert finding.key == key
        if finding.resume:
            options = {"out": run.path, "resume": True, "changes": finding.try_fields}
        else:
            options = {"out": tmp_path / "remedied", "recipe": with_fields(recipe, finding.try_fields)}
        again = isthmus.train(images, **options, report=False)
        return before.summary, diagnose_quickly(again, measure(again, open_held_out(again, images))).summary

    return tried


def test_a_gentler_step_ends_a_training_that_failed(tried):
    steep = {"training.optimiser": "sgd", "training.learning_rate": 12.0, "training.warmup_fraction": 0.95}
    before, after = tried("failed", with_fields(PLAIN, {**steep, "likelihood.mean": "free"}))
    assert (before.progress.state, after.progress.state) == ("failed", "complete")
    assert after.mse < 0.8 * before.mse


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_training_that_had_not_settled_is_resumed(tried, schedule):
    short = {"training.epochs": 3, "training.learning_rate": 1e-3, "training.schedule": schedule}
    before, after = tried("still_falling", with_fields(PLAIN, short))
    assert (before.progress.epochs, after.progress.epochs) == (3, 6)
    assert after.mse < 0.9 * before.mse


def test_an_interrupted_training_is_resumed(tried, monkeypatch):
    def press(show, batch, logs=None):
        if show._state.step == 30:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(callbacks.ShowProgress, "on_train_batch_end", press)
    before, after = tried("interrupted", PLAIN)
    assert (before.progress.state, before.progress.epochs) == ("interrupted", 1)
    assert (after.progress.state, after.progress.epochs) == ("complete", 8)
    assert after.mse < 0.9 * before.mse


def test_a_smaller_beta_wakes_the_code(tried):
    before, after = tried("strong_beta", with_fields(VAE, {"objective.beta": 50.0}))
    assert before.baseline.wins
    assert not after.baseline.wins
    assert after.active.all()


def test_a_learned_sigma_wakes_the_code(tried):
    fixed = VAE.model_copy(update={"likelihood": GaussianLikelihood()})
    before, after = tried("inactive_dimensions", fixed)
    assert not before.active.any()
    assert after.active.all()
    assert after.mse < 0.5 * before.mse


def test_a_smaller_learning_rate_lets_a_model_learn(tried):
    before, after = tried("learned_nothing", with_fields(PLAIN, {"training.learning_rate": 1.0}))
    assert after.mse < 0.7 * before.mean_image.mse < before.mse


@pytest.mark.slow
def test_validation_images_stop_a_model_from_overfitting(tried, squares):
    noise = np.random.default_rng(1).integers(-60, 60, squares.shape)
    few = np.clip(squares.astype(int) + noise, 0, 255).astype(np.uint8)[:60]
    wide = {"network.units": [64], "latent.dim": 8, "training.epochs": 100, "training.validation_fraction": 0}
    before, after = tried("overfit", with_fields(PLAIN, wide), few)
    assert after.mse < 0.9 * before.mse


def test_a_beta_of_1_fills_holes(squares, tmp_path):
    """The rule alone: a training of a few epochs is resumed first."""
    power = []
    recipe = with_fields(VAE, {"objective.beta": 0.01})
    for name in ("planted", "remedied"):
        run = isthmus.train(squares, recipe, tmp_path / name, report=False)
        summary = diagnose_quickly(run, measure(run, open_held_out(run, squares))).summary
        power.append(summary.code_power)
        finding = prior_holes(summary)
        recipe = with_fields(recipe, finding.try_fields)
    assert power[1] < power[0] / 3
