"""Batches in the form that `keras.Model.fit` takes."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from isthmus.data import Batch, EvaluationBatches, ImageSource, TrainingBatches, batch_size_for
from isthmus.data.classes import one_hot
from isthmus.probability import CONDITION
from isthmus.recipes import Recipe


def training_feed(batches: TrainingBatches, first_step: int) -> Iterator[tuple[dict[str, Any]]]:
    """Give batches without end, from a step on.

    Keras would restart a data set at each epoch and forget its position; one stream that goes on does not.
    """
    step = first_step
    while True:
        yield (fields_of(batches.batch(step), batches.recipe),)
        step += 1


class ValidationFeed(keras.utils.PyDataset):
    """Every image of a source once, in the same batches and with the same draws each epoch."""

    def __init__(self, source: ImageSource, recipe: Recipe) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._recipe = recipe
        self._batches = EvaluationBatches(source, batch_size_for(source.spec.dims), recipe, recipe.training.seed)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[dict[str, Any]]:
        return (fields_of(self._batches[index], self._recipe),)


def fields_of(batch: Batch, recipe: Recipe) -> dict[str, Any]:
    """A batch as `Autoencoder` takes it: by name, the condition one-hot."""
    fields: dict[str, Any] = {"input": np.ascontiguousarray(batch.input), "target": np.ascontiguousarray(batch.target)}
    if batch.condition is not None:
        fields[CONDITION] = one_hot(batch.condition, recipe.condition.classes)
    return fields
