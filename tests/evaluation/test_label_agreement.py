from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from isthmus.data import ArraySource, as_source
from isthmus.errors import UsageError
from isthmus.evaluation.features import PixelFeatures
from isthmus.evaluation.label_agreement import label_agreement_rows, measure_label_agreement
from isthmus.evaluation.measurements import Measurements

NAMES = ("top", "middle", "bottom")


@pytest.fixture
def measured(bars, tiny_recipe):
    """A run whose decoder gives real bars: for each label those of a class that `shown` says."""
    images, labels = bars
    shown = {"top": 0, "middle": 1, "bottom": 1}

    def sample_codes(count, label, seed):
        if label not in shown:
            raise UsageError("no training image had this label")
        return np.random.default_rng(seed).choice(np.flatnonzero(labels == shown[label]), count)[:, None]

    run = SimpleNamespace(
        is_conditional=False,
        recipe=tiny_recipe,
        class_names=NAMES,
        sample_codes=sample_codes,
        decode_parameters=lambda codes, labels=None: images[codes[:, 0]] / np.float32(255),
        image=as_source(images).spec,
        likelihood=SimpleNamespace(mean=lambda _, parameters: parameters, output_channels=lambda channels: channels),
        shown=shown,
    )
    source = replace(as_source(images, labels), class_names=NAMES)
    return Measurements(run, source, source, 0)


def agreement(measured):
    return measure_label_agreement(measured, PixelFeatures(measured.train_pixels, 0))


def test_samples_that_show_another_class_disagree(measured):
    found = agreement(measured)
    assert found.shares == {"top": 1.0, "middle": 1.0, "bottom": 0.0}
    assert (found.accuracy, found.tested_on, found.trained_on) == (1.0, 120, 120)
    agreed, real = label_agreement_rows(found)
    assert agreed.value == pytest.approx(2 / 3)
    assert "least for 'bottom', 0.00" in agreed.meaning
    assert real.value == 1.0


def test_labels_that_no_training_image_had_are_left_out(measured):
    del measured.run.shown["bottom"]
    assert set(agreement(measured).shares) == {"top", "middle"}


def test_test_images_of_unknown_classes_do_not_count(measured, bars):
    unknown = ArraySource(bars[0], np.full(120, 3), (*NAMES, "upside down"))
    found = agreement(replace(measured, test=unknown))
    assert (found.accuracy, found.tested_on) == (None, 0)
    assert [row.key for row in label_agreement_rows(found)] == ["label_agreement"]


def test_without_labels_there_is_no_agreement(measured, bars):
    assert agreement(replace(measured, train=as_source(bars[0]))) is None
