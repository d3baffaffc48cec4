from dataclasses import replace

import numpy as np
import pytest

from isthmus.evaluation.diagnosis import training


def test_how_a_training_broke_off(healthy):
    progress = replace(healthy.progress, state="failed", message="the rate stopped being finite in epoch 3")
    finding = training.failed(replace(healthy, progress=progress))
    assert (finding.severity, finding.try_fields["training.clip_norm"]) == ("fault", 1)
    assert finding.try_fields["training.learning_rate"] < healthy.recipe.training.learning_rate
    assert "The rate stopped being finite in epoch 3." in finding.evidence


def test_an_interrupted_training_is_resumed(healthy):
    progress = replace(healthy.progress, state="interrupted", message="stopped on request after 12 steps")
    finding = training.interrupted(replace(healthy, progress=progress))
    assert (finding.flags, finding.severity) == ("--resume", "remark")


def test_patience_is_told(healthy):
    progress = replace(healthy.progress, message="no better validation loss in 10 epochs", epochs=7, best_epoch=3)
    assert "the run holds epoch 3" in training.stopped_early(replace(healthy, progress=progress)).evidence
    assert training.still_falling(replace(healthy, progress=progress)) is None


def test_a_loss_that_still_falls_asks_for_more_epochs(healthy):
    steep = np.linspace(200, 100, 10)
    finding = training.still_falling(replace(healthy, progress=replace(healthy.progress, history={"val_loss": steep})))
    assert finding.flags == "--resume --set training.epochs=20"
    assert "22.2 nats" in finding.evidence  # two of nine steps of 100 / 9


def test_a_model_behind_pca_is_trained_further_while_its_last_epoch_is_the_best(healthy, beside):
    assert training.still_falling(healthy) is None
    behind = replace(healthy, pca=beside(0.5))
    assert training.still_falling(behind).resume
    turned = replace(healthy.progress, history={"val_loss": np.array([200.0, 100, 101])}, best_epoch=2)
    assert training.still_falling(replace(behind, progress=turned)) is None


def test_one_epoch_tells_nothing_about_the_next(healthy):
    finding = training.still_falling(replace(healthy, progress=replace(healthy.progress, epochs=1, history={})))
    assert finding.flags == "--resume --set training.epochs=2"


@pytest.mark.parametrize("last", [102.0, 138.0])
def test_validation_that_turned(healthy, last):
    rising = np.array([200.0, 150, 120, 110, 105, 110, last])
    progress = replace(healthy.progress, history={"val_loss": rising}, best_epoch=5)
    finding = training.past_best(replace(healthy, progress=progress))
    assert (finding is not None) == (last > 110)
    assert finding is None or "33.0 nats worse by epoch 7" in finding.evidence
