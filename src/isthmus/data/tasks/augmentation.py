"""Augmentation: training images seen a little differently each time, as the seed and the step say.

Every image of a batch gets a draw of its own: it is flipped, transposed, shifted, cropped (and so enlarged), turned,
and made lighter or darker.  Flips and shifts move whole pixels and keep them as they are; crops and rotations
interpolate linearly.  What comes in from beyond the border repeats the border's pixels.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data.source import ImageArray
from isthmus.errors import UsageError

if TYPE_CHECKING:  # recipes bring pydantic along, and data does without
    from isthmus.recipes import Augmentation


def augment(images: ImageArray, how: "Augmentation", rng: np.random.Generator) -> ImageArray:
    """Change images `(n, height, width, channels)` at random; the result has their shape and type.

    The same numbers are drawn whatever `how` says, so that one more change leaves the others' draws as they were.

    Args:
        images: uint8 from 0 to 255, or float32 from 0 to 1.
        how: What to change, and how much at most.
        rng: Where the draws come from.

    Raises:
        UsageError: If images that are not square are to be transposed.
    """
    count, height, width = images.shape[:3]
    coins = rng.random((count, 2)) < 0.5
    shift, place, turn, light, zoom = (rng.uniform(-1.0, 1.0, (count, size)) for size in (2, 2, 1, 1, 1))
    diagonal = rng.random((count, 1, 1, 1)) < 0.5
    if how.transpose:
        check_transposable(how, height, width)
        images = np.where(diagonal, images.swapaxes(1, 2), images)
    if how.flip_horizontal or how.flip_vertical or how.shift:
        rows, columns = np.arange(height), np.arange(width)
        rows = np.where(coins[:, :1] & how.flip_vertical, rows[::-1], rows)
        columns = np.where(coins[:, 1:] & how.flip_horizontal, columns[::-1], columns)
        moved = np.rint(shift * how.shift * (height, width)).astype(np.int64)
        rows = np.take_along_axis(rows, np.clip(np.arange(height) - moved[:, :1], 0, height - 1), axis=1)
        columns = np.take_along_axis(columns, np.clip(np.arange(width) - moved[:, 1:], 0, width - 1), axis=1)
        images = images[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    if how.crop or how.rotation:
        scale = 1.0 - how.crop * (zoom[:, 0] + 1.0) / 2.0  # the share of each side that is left
        images = _warped(images, np.deg2rad(how.rotation) * turn[:, 0], scale, place)
    if how.brightness:
        images = _lit(images, (1.0 + how.brightness * light)[:, :, None, None])
    return images


def check_transposable(how: "Augmentation", height: int, width: int) -> None:
    """Refuse to transpose images that are not square.

    Raises:
        UsageError: If they are not, and `how` transposes.
    """
    if how.transpose and height != width:
        raise UsageError(
            f"augmentation.transpose takes square images, and these are {width}x{height}: "
            "set augmentation.transpose=false, or choose a square --size"
        )


def _warped(
    images: ImageArray, angles: NDArray[np.float64], scales: NDArray[np.float64], places: NDArray[np.float64]
) -> ImageArray:
    """Turn each image by its angle about the middle, and enlarge a part of it to the whole.

    Args:
        images: `(n, height, width, channels)`.
        angles: Radians, `(n,)`.
        scales: The share of each side that is left, `(n,)`.
        places: Where the part lies down and across, -1 to 1, `(n, 2)`.
    """
    count, height, width, channels = images.shape
    down, across = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    y, x = down[None, :, None] * scales[:, None, None], across[None, None, :] * scales[:, None, None]
    cos, sin = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    room = (1.0 - scales)[:, None] * places * (height, width) / 2
    rows = cos * y + sin * x + (height - 1) / 2 + room[:, :1, None]
    columns = cos * x - sin * y + (width - 1) / 2 + room[:, 1:, None]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    fall, slide = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    flat = images.reshape(count, height * width, channels)
    image = np.arange(count)[:, None, None]
    mixed = np.zeros(images.shape, np.float32)
    for row, vertical in ((top, 1.0 - fall), (bottom, fall)):
        for column, horizontal in ((left, 1.0 - slide), (right, slide)):
            mixed += flat[image, row * width + column] * (vertical * horizontal)[..., None]
    return _as(mixed, images)


def _lit(images: ImageArray, factors: NDArray[np.float64]) -> ImageArray:
    """Multiply the brightness by factors `(n, 1, 1, 1)`, up to the brightest that there is; alpha is left alone."""
    lit = images.astype(np.float32) * factors.astype(np.float32)
    lit = np.minimum(lit, 255.0 if images.dtype == np.uint8 else 1.0)
    if images.shape[3] == 4:
        lit[..., 3] = images[..., 3]
    return _as(lit, images)


def _as(values: NDArray[np.float32], images: ImageArray) -> ImageArray:
    return np.rint(values).astype(np.uint8) if images.dtype == np.uint8 else values
