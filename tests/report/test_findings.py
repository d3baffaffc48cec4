from dataclasses import replace

import numpy as np
import pytest

from isthmus.recipes import RECIPES, with_fields
from isthmus.report import Observed, findings

FALLING = np.array([200.0, 150, 120, 110, 105, 103, 102, 101.8, 101.7, 101.65])
HEALTHY = Observed(
    recipe=with_fields(RECIPES["conv-vae"], {"latent.dim": 4}),
    state="complete",
    message="",
    epochs=10,
    best_epoch=10,
    train_images=50_000,
    validation_images=1000,
    test_images=10_000,
    history={
        "loss": FALLING - 1,
        "val_loss": FALLING,
        "distortion": FALLING - 6,
        "val_distortion": FALLING - 5,
    },
    kl_nats=np.array([2.0, 1.5, 1.0, 0.5]),
    code_variance=np.ones(4),
    code_power=np.ones(4),
    mse=0.02,
    pixel_variance=0.06,
    distortion_nats=np.random.default_rng(0).normal(100, 10, 1000),
    names=[f"image-{k}" for k in range(1000)],
    run="runs/a",
    data="digits",
)


def _titles(**changes):
    return [finding.title for finding in findings(replace(HEALTHY, **changes))]


def _one(part, **changes):
    found = [finding for finding in findings(replace(HEALTHY, **changes)) if part in finding.title]
    assert len(found) == 1, [finding.title for finding in findings(replace(HEALTHY, **changes))]
    return found[0]


def test_a_healthy_run_gets_no_alarm():
    (good,) = findings(HEALTHY)
    assert good.tone == "good"


def test_a_note_does_not_spoil_the_good_news():
    assert [finding.tone for finding in findings(replace(HEALTHY, train_images=300))] == ["good", "note"]


def test_how_training_ended():
    failed = _one("failed", state="failed", message="the rate stopped being finite in epoch 3")
    assert failed.tone == "bad"
    assert "The rate stopped being finite in epoch 3." in failed.text
    assert "training.clip_norm=1" in failed.command
    interrupted = _one("interrupted", state="interrupted", message="stopped on request after 12 steps")
    assert interrupted.command == "isthmus train digits --out runs/a --resume"
    early = _one("early", message="no better validation loss in 10 epochs", epochs=7, best_epoch=3)
    assert "the run holds epoch 3" in early.text


def test_a_loss_that_still_falls_asks_for_more_epochs():
    steep = np.linspace(200, 100, 10)
    history = {**HEALTHY.history, "loss": steep - 1, "val_loss": steep}
    finding = _one("still falling", history=history)
    assert finding.tone == "warning"
    assert finding.command.endswith("--resume --epochs 20")
    cosine = with_fields(HEALTHY.recipe, {"training.schedule": "cosine"})
    assert "--resume" not in _one("still falling", history=history, recipe=cosine).command


def test_one_epoch_tells_nothing_about_the_next():
    history = {name: values[:1] for name, values in HEALTHY.history.items()}
    assert _one("One epoch", epochs=1, best_epoch=1, history=history).command


def test_over_fitting_is_seen_after_the_best_epoch_and_at_it():
    rising = np.array([200.0, 150, 120, 110, 105, 110, 116, 123, 130, 138])
    assert "33.0 nats worse" in _one("by heart", best_epoch=5, history={**HEALTHY.history, "val_loss": rising}).text
    apart = {**HEALTHY.history, "distortion": FALLING - 40}
    assert "35.0 nats higher" in _one("those it learned from", history=apart).text


def test_a_model_no_better_than_the_mean_image():
    assert _one("learned nothing", mse=0.0599).tone == "bad"


def test_an_image_unlike_the_rest_is_named():
    distortion = HEALTHY.distortion_nats.copy()
    distortion[123] = 900
    found = _one("1 image unlike", distortion_nats=distortion)
    assert "image-123" in found.text


@pytest.mark.parametrize(
    ("validation", "test", "words"),
    [(0, 0, "has not seen"), (0, 5, "training loss"), (5, 0, "validation images")],
)
def test_parts_that_are_missing(validation, test, words):
    assert words in _one("Not all parts", validation_images=validation, test_images=test).text


def test_beta_is_said():
    recipe = with_fields(HEALTHY.recipe, {"objective.beta": 4})
    assert "beta 4" in _one("beta", recipe=recipe).title


def test_the_worst_comes_first():
    tones = [finding.tone for finding in findings(replace(HEALTHY, state="failed", message="x", train_images=10))]
    assert tones == ["bad", "note"]


def test_little_is_known_of_a_run_that_hardly_began():
    found = _titles(
        history={}, kl_nats=None, code_variance=None, code_power=None, mse=None, pixel_variance=None,
        distortion_nats=None, names=(), epochs=0, best_epoch=0,
    )  # fmt: skip
    assert found
