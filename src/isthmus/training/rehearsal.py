"""A few steps of a training, timed, to know what the whole would take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras

from isthmus.autoencoder import Autoencoder
from isthmus.data import ImageSource, TrainingBatches
from isthmus.errors import TrainingError
from isthmus.recipes import Recipe
from isthmus.training.feed import ValidationFeed, training_feed
from isthmus.training.fit import batch_plan, build_model

WARM_UP_STEPS = 3
TIMED_STEPS = 10


@dataclass(frozen=True)
class Rehearsal:
    """What was measured.

    Attributes:
        model: The model, which was trained for a few steps.
        seconds_per_step: Median time of a step, after the first few.
        validation_seconds: The time of one validation; 0 without validation images.
    """

    model: Autoencoder
    seconds_per_step: float
    validation_seconds: float


def rehearse(
    recipe: Recipe,
    train: ImageSource,
    validation: ImageSource | None = None,
    custom: tuple[keras.Model, keras.Model] | None = None,
) -> Rehearsal:
    """Train for a few steps, and validate a few batches; custom networks keep their weights.

    Raises:
        RecipeError: If the recipe does not fit the images.
        TrainingError: If the loss is not finite within these steps.
    """
    plan = batch_plan(recipe.training, len(train))
    with _kept_weights(custom or ()):
        model = build_model(recipe, train.spec, plan.steps_per_epoch, custom)
        clock = _Clock()
        model.fit(
            training_feed(TrainingBatches(train, plan, recipe), 0),
            steps_per_epoch=WARM_UP_STEPS + TIMED_STEPS,
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
        validated = 0.0 if validation is None else _validation_seconds(model, ValidationFeed(validation, recipe))
    return Rehearsal(model, clock.median_seconds, validated)


class _Clock(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self._times: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if logs is None or not float(logs["loss"]) < float("inf"):
            raise TrainingError("the loss is not finite within the first steps; lower training.learning_rate.")
        self._times.append(time.perf_counter())

    @property
    def median_seconds(self) -> float:
        times = self._times[WARM_UP_STEPS - 1 :]
        between = sorted(after - before for before, after in pairwise(times))
        return between[len(between) // 2]


def _validation_seconds(model: Autoencoder, feed: ValidationFeed) -> float:
    """The time of all batches, from that of a few after the first, which compiles."""
    model.evaluate(feed, steps=1, verbose=0)
    steps = min(3, len(feed))
    start = time.perf_counter()
    model.evaluate(feed, steps=steps, verbose=0)
    return (time.perf_counter() - start) * len(feed) / steps


@contextmanager
def _kept_weights(models: tuple[Any, ...]) -> Iterator[None]:
    weights = [model.get_weights() for model in models]
    try:
        yield
    finally:
        for model, values in zip(models, weights, strict=True):
            model.set_weights(values)
