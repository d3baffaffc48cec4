"""Images of any dtype and number of channels, as 8-bit images that can be shown."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data import task_of
from isthmus.recipes import Recipe


def as_displayed(images: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn images `(n, h, w, c)` of any dtype and number of channels into uint8 of one, three or four channels.

    Floats count from 0 to 1.  Two channels, or more than four, are shown by their mean.
    """
    if images.dtype != np.uint8:
        images = np.rint(np.clip(images.astype(np.float32), 0.0, 1.0) * 255).astype(np.uint8)
    if images.shape[-1] in (1, 3, 4):
        return np.asarray(images, np.uint8)
    return np.asarray(np.rint(images.astype(np.float32).mean(axis=-1, keepdims=True)), np.uint8)


def as_answer(recipe: Recipe, seen: NDArray[np.generic], given: NDArray[np.generic]) -> NDArray[np.uint8]:
    """What a recipe's task makes of what was shown and what the decoder gave, as a picture can show it.

    Classes are shown as greys, from black for the first to white for the last.
    """
    if given.dtype != np.uint8:
        given = np.rint(np.clip(given.astype(np.float32), 0.0, 1.0) * 255).astype(np.uint8)
    task = task_of(recipe.task)
    pictures = task.finish(np.asarray(seen, np.uint8), np.asarray(given, np.uint8))
    if task.class_values:
        pictures = as_classes(pictures, len(task.class_values))
    return as_displayed(pictures)


def as_classes(numbers: NDArray[np.uint8], classes: int) -> NDArray[np.uint8]:
    """Classes by number as greys, from black for the first to white for the last."""
    return np.asarray(numbers.astype(np.int64) * 255 // (classes - 1), np.uint8)
