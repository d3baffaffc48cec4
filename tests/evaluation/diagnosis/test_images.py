from dataclasses import replace

import numpy as np
import pytest

from isthmus.evaluation.diagnosis import images
from isthmus.recipes import Denoise, with_fields
from isthmus.units import Estimate


def test_a_model_worse_than_pca_is_a_fault_whatever_beta_is(healthy, beside):
    for beta in (0.5, 1.0, 4.0):
        summary = replace(healthy, recipe=with_fields(healthy.recipe, {"objective.beta": beta}), pca=beside(0.5))
        finding = images.behind_baseline(summary)
        assert finding.severity == "fault"
        assert "12.1 dB (MSE 0.062) against 15.1 dB (MSE 0.031)" in finding.evidence


def test_what_chance_explains_is_not_worse(healthy, beside):
    assert images.behind_baseline(replace(healthy, pca=beside(0.97))) is not None
    assert images.behind_baseline(replace(healthy, pca=beside(0.97, count=9))) is None
    assert images.behind_baseline(replace(healthy, pca=beside(0.995, count=10**9))) is None  # and too little to matter


def test_a_task_is_compared_with_its_input(healthy, beside):
    recipe = healthy.recipe.model_copy(update={"task": Denoise()})
    summary = replace(healthy, recipe=recipe, pca=None, unchanged=beside(0.5))
    assert images.behind_baseline(summary).title == "Worse than the unchanged input"
    assert images.behind_baseline(replace(summary, unchanged=beside(2.0))) is None


def test_a_model_no_better_than_the_mean_image(healthy, beside):
    assert images.learned_nothing(healthy) is None
    assert images.learned_nothing(replace(healthy, mean_image=beside(1.001))).severity == "fault"


class TestOverfit:
    def test_is_measured_on_training_images(self, healthy):
        finding = images.overfit(replace(healthy, train_loss=Estimate(120.0, 1.2, 500), train_mse=0.03))
        assert "35.6 ± 1.3 nats" in finding.evidence
        assert "2.07 times" in finding.evidence

    def test_a_gap_within_its_error_is_none(self, healthy):
        assert images.overfit(replace(healthy, train_loss=Estimate(150.0, 3.0, 50), train_mse=0.045)) is None

    def test_without_training_images_the_history_tells(self, healthy):
        history = {**healthy.progress.history, "distortion": healthy.progress.history["val_distortion"] - 40}
        apart = replace(healthy, train_loss=None, progress=replace(healthy.progress, history=history))
        assert "40.0 nats higher" in images.overfit(apart).evidence
        assert images.overfit(replace(apart, train_loss=healthy.train_loss)) is None

    @pytest.mark.parametrize(("fraction", "tried"), [(0.0, {"training.validation_fraction": 0.1}), (0.1, {})])
    def test_validation_images_are_tried_where_there_were_none(self, healthy, fraction, tried):
        recipe = with_fields(healthy.recipe, {"training.validation_fraction": fraction})
        summary = replace(healthy, recipe=recipe, train_loss=Estimate(120.0, 1.2, 500), train_mse=0.03)
        assert images.overfit(summary).try_fields == tried


def test_an_image_unlike_the_rest_is_named(healthy):
    distortion = healthy.distortion.copy()
    distortion[123] = 900
    finding = images.outliers(replace(healthy, distortion=distortion))
    assert finding.title == "1 image unlike the rest"
    assert "image-123" in finding.evidence
    assert images.outliers(replace(healthy, distortion=np.ones(5))) is None


@pytest.mark.parametrize(
    ("validation", "test", "words"),
    [(0, 0, "held out"), (0, 5, "training loss"), (5, 0, "validation images")],
)
def test_parts_that_are_missing(healthy, validation, test, words):
    finding = images.parts_missing(replace(healthy, validation_images=validation, test_images=test))
    assert words in finding.evidence


def test_few_training_images(healthy):
    few = replace(healthy, train_images=1)
    assert images.few_images(few).title == "1 training image"
    assert "blurred samples" in images.few_images(few).evidence
    restorer = replace(few, recipe=few.recipe.model_copy(update={"task": Denoise()}))
    assert images.few_images(restorer).evidence == "That is few: expect metrics that change with the seed."
    assert images.few_images(healthy) is None
