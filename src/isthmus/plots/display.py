"""Images of any dtype and number of channels, as 8-bit images that can be shown."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data import task_of
from isthmus.recipes import Recipe


def as_displayed(images: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn images `(n, h, w, c)` of any dtype and number of channels into uint8 of one, three or four channels.

    Floats count from 0 to 1.  Two channels, or more than four, are shown by their mean.
    """
    images = _eight_bit(images)
    if images.shape[-1] in (1, 3, 4):
        return images
    return np.asarray(np.rint(images.astype(np.float32).mean(axis=-1, keepdims=True)), np.uint8)


def as_prediction(recipe: Recipe, inputs: NDArray[np.generic], outputs: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn the decoder's outputs into a recipe's predictions, as uint8 of one, three or four channels.

    Classes are shown as greys, from black for the first to white for the last.

    Args:
        recipe: The recipe, whose task combines inputs and outputs.
        inputs: `(n, h, w, c)`, as the encoder takes them.
        outputs: `(n, h, w, c')`, as the decoder gives them, or targets.
    """
    task = task_of(recipe.task)
    images = task.finish(np.asarray(inputs, np.uint8), _eight_bit(outputs))
    if task.class_values:
        images = np.asarray(images.astype(np.int64) * 255 // (len(task.class_values) - 1), np.uint8)
    return as_displayed(images)


def _eight_bit(images: NDArray[np.generic]) -> NDArray[np.uint8]:
    if images.dtype != np.uint8:
        images = np.rint(np.clip(images.astype(np.float32), 0.0, 1.0) * 255)
    return np.asarray(images, np.uint8)
