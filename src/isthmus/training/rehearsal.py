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
from isthmus.training.memory import memory_explained

WARM_UP_STEPS = 3
TIMED_STEPS = 10


@dataclass(frozen=True)
class Rehearsal:
    """Times of a short trial training.

    Attributes:
        model: The model, which was trained for a few steps.
        seconds_per_step: Median seconds of a step, after the first few.
        validation_seconds: Seconds of one validation; 0 without validation images.
    """

    model: Autoencoder
    seconds_per_step: float
    validation_seconds: float


@memory_explained()
def rehearse(
    recipe: Recipe,
    train: ImageSource,
    validation: ImageSource | None = None,
    custom: tuple[keras.Model, keras.Model] | None = None,
) -> Rehearsal:
    """Train for a few steps, and validate a few batches; custom networks keep their weights.

    Args:
        recipe: What to train.
        train: The training images.
        validation: The validation images; None for no validation.
        custom: A custom encoder and decoder, where the recipe's network is `custom`.

    Raises:
        RecipeError: If the recipe does not fit the images.
        TrainingError: If the loss is not finite within these steps, or memory runs out.
    """
    plan = batch_plan(recipe.training, len(train))
    with _kept_weights(custom or ()):
        model = build_model(recipe, train.spec, recipe.training.epoch_steps(len(train)), custom)
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
    """The seconds of all batches, from those of a few the second time: the first time they are compiled."""
    steps = min(3, len(feed))
    model.evaluate(feed, steps=steps, verbose=0)
    start = time.perf_counter()
    model.evaluate(feed, steps=steps, verbose=0)
    return (time.perf_counter() - start) * len(feed) / steps


@contextmanager
def _kept_weights(models: tuple[Any, ...]) -> Iterator[None]:
    variables = [variable for model in models for variable in model.variables]  # those of seeds too
    values = [keras.ops.convert_to_numpy(variable) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
