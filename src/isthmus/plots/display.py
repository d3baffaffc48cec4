"""Images of any dtype and number of channels, as 8-bit images that can be shown."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data import task_of
from isthmus.data.depth import as_levels
from isthmus.recipes import Recipe

_COLOURS = ("red", "green", "blue")


def as_displayed(images: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn images `(n, h, w, c)` of any dtype and number of channels into uint8 of one, three or four channels.

    Floats count from 0 to 1.  Two channels, or more than four, are shown in false colour: the first as red, the second
    as green, and a third as blue.  Say so where the image is shown (`false_colour`).
    """
    displayed = np.asarray(as_levels(images[..., : displayed_channels(images.shape[-1])]), np.uint8)
    missing = displayed_channels(images.shape[-1]) - displayed.shape[-1]
    return np.pad(displayed, [(0, 0)] * (images.ndim - 1) + [(0, missing)]) if missing else displayed


def displayed_channels(channels: int) -> int:
    """The number of channels in which images of a number of channels are displayed: 1, 3 or 4."""
    return channels if channels in (1, 3, 4) else 3


def false_colour(channels: int) -> str:
    """The false colour of images in words: `channels 1, 2, 3 of 5 shown as red, green, blue`; empty where none is."""
    if displayed_channels(channels) == channels:
        return ""
    shown = range(min(channels, 3))
    numbers, colours = (", ".join(words) for words in ((str(i + 1) for i in shown), (_COLOURS[i] for i in shown)))
    return f"channels {numbers} of {channels} shown as {colours}"


def as_prediction(recipe: Recipe, inputs: NDArray[np.generic], outputs: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn the decoder's outputs into a recipe's predictions, as uint8 of one, three or four channels.

    Classes are shown as greys, from black for the first to white for the last.

    Args:
        recipe: The recipe, whose task combines inputs and outputs.
        inputs: `(n, h, w, c)`, as the encoder takes them.
        outputs: `(n, h, w, c')`, as the decoder gives them, or targets.
    """
    task = task_of(recipe.task)
    images = task.finish(np.asarray(inputs, np.uint8), np.asarray(as_levels(outputs), np.uint8))
    if task.class_values:
        images = np.asarray(images.astype(np.int64) * 255 // (len(task.class_values) - 1), np.uint8)
    return as_displayed(images)
