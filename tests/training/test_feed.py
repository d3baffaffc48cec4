import itertools

import numpy as np

from isthmus import data
from isthmus.data import BatchPlan, TrainingBatches, as_source
from isthmus.recipes import Pixels, Recipe
from isthmus.training.feed import ValidationFeed, training_feed

DRAWN = Recipe(pixels=Pixels(binarise="stochastic"))
SOURCE = as_source(np.random.default_rng(0).integers(0, 256, (10, 3, 4, 1)).astype(np.uint8))


def test_one_stream_from_any_step_on():
    batches = TrainingBatches(SOURCE, BatchPlan(0, 10, 4), DRAWN)
    whole = [batch["input"] for (batch,) in itertools.islice(training_feed(batches, 0), 9)]
    rest = [batch["input"] for (batch,) in itertools.islice(training_feed(batches, 5), 4)]
    np.testing.assert_array_equal(whole[5:], rest)
    np.testing.assert_array_equal(whole[3], batches.batch(3).input)


def test_validation_is_every_image_once_and_the_same_each_epoch(monkeypatch):
    monkeypatch.setattr(data.batches, "BATCH_IMAGES", 4)
    validation = ValidationFeed(SOURCE, Recipe())
    assert len(validation) == 3
    for _ in range(2):
        batches = [validation[i][0] for i in range(len(validation))]
        np.testing.assert_array_equal(np.concatenate([batch["target"] for batch in batches]), SOURCE.images)
    drawn = ValidationFeed(SOURCE, DRAWN)
    np.testing.assert_array_equal(drawn[1][0]["input"], drawn[1][0]["input"])
