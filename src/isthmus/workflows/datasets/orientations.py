"""The orientations in which images are augmented, chosen by what they do for PCA on held-out training images."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource, batch_size_for, split_by_content
from isthmus.errors import DataError
from isthmus.recipes import PURPOSES, Augmentation, Recipe

MOST_IMAGES = 5_000
"""With more images none are tried: all would be read before the training starts."""
_SIDE, _COMPONENTS = 16, 64
_MOST_NUMBERS = _SIDE * _SIDE * 4
"""Numbers in a reduced image, of which PCA takes the square: images of many channels are reduced further."""
_LEAST_GAIN = 0.02
_HELD_OUT = 0.125
_NO_ERROR = 1e-9
"""A squared error of pixels from 0 to 1 that is rounding."""

FloatArray = NDArray[np.float64]


class Orientations(NamedTuple):
    """Which orientations are drawn in training, and why.

    Attributes:
        augmentation: The flips and the transposition.
        ratio: The squared error of PCA fitted to images in these orientations, as a share of that of PCA fitted to the
            images as they are, on images that it was not fitted to.
    """

    augmentation: Augmentation
    ratio: float


def with_orientations(recipe: Recipe, train: ImageSource, changes: Mapping[str, Any]) -> Recipe:
    """Choose the orientations of training images for the recipe that is made to reconstruct, unless they are given.

    Args:
        recipe: The recipe.
        train: The training images.
        changes: The fields that were given, by dotted name.
    """
    given = any(field.partition(".")[0] == "augmentation" for field in changes)
    if given or recipe.name != PURPOSES["reconstruct"]:
        return recipe
    chosen = choose_orientations(train)
    return recipe if chosen is None else recipe.model_copy(update={"augmentation": chosen.augmentation})


def choose_orientations(train: ImageSource) -> Orientations | None:
    """Choose among the images as they are, flipped left to right, both flips, and all eight orientations if square.

    Few images cover few orientations of what they show: PCA of photographs generalises better with all of them, and
    that of aligned images with none.  Images are reduced to at most 16x16 pixels and 1,024 numbers first.

    Returns:
        The choice, or None where the images are too many or too few to tell.
    """
    if len(train) > MOST_IMAGES:
        return None
    try:
        fitted, held_out = split_by_content(train, _HELD_OUT, "orientations")
    except DataError:
        return None
    known, new = _reduced(fitted), _reduced(held_out)
    count, height, width, channels = known.shape
    components = min(_COMPONENTS, count - 1, height * width * channels // 4)
    if components < 1:
        return None
    flat = known.reshape(count, -1)
    mean = flat.mean(axis=0)
    moments = (flat.T @ flat / count, mean)
    candidates = _candidates(height == width)
    errors = []
    for augmentation in candidates:
        covariance, centre = _averaged(moments, _orders((height, width, channels), augmentation))
        errors.append(_error_of_pca(covariance, centre, components, new.reshape(len(new), -1)))
    if errors[0] < _NO_ERROR:
        return Orientations(Augmentation(), 1.0)
    best = int(np.argmin(errors))
    ratio = errors[best] / errors[0]
    return Orientations(candidates[best], ratio) if ratio < 1.0 - _LEAST_GAIN else Orientations(Augmentation(), 1.0)


def _error_of_pca(covariance: FloatArray, mean: FloatArray, components: int, images: FloatArray) -> float:
    """The mean squared error of flat images after projection on the first principal components."""
    from scipy.sparse.linalg import eigsh
    from threadpoolctl import threadpool_limits

    if np.trace(covariance) < _NO_ERROR * len(mean):  # equal images, of which there are no components
        return float(np.mean((images - mean) ** 2))
    start = np.random.default_rng(0).standard_normal(len(mean))  # else it is drawn by chance
    with threadpool_limits(1):  # too small for more
        basis = eigsh(covariance, components, v0=start)[1]
    centred = images - mean
    return float(np.mean((centred - centred @ basis @ basis.T) ** 2))


def _candidates(square: bool) -> list[Augmentation]:
    flipped = Augmentation(flip_horizontal=True)
    both = Augmentation(flip_horizontal=True, flip_vertical=True)
    return [Augmentation(), flipped, both, *([both.model_copy(update={"transpose": True})] if square else [])]


def _reduced(images: ImageSource) -> FloatArray:
    """Images as means of blocks, of pixels from 0 to 1: `(n, h, w, c)`, h and w at most 16."""
    spec, size = images.spec, batch_size_for(images.spec.dims)
    most = min(_SIDE, math.isqrt(_MOST_NUMBERS // spec.channels))
    down, across = (-(-side // most) for side in (spec.height, spec.width))
    height, width = spec.height // down, spec.width // across
    reduced = np.empty((len(images), height, width, spec.channels))
    for start in range(0, len(images), size):
        part = slice(start, min(start + size, len(images)))
        pixels = images.read(np.arange(part.start, part.stop))[:, : height * down, : width * across]
        blocks = pixels.reshape(len(pixels), height, down, width, across, spec.channels)
        reduced[part] = blocks.mean(axis=(2, 4), dtype=np.float64)
    return reduced / (255.0 if spec.dtype == "uint8" else 1.0)


def _orders(shape: tuple[int, int, int], augmentation: Augmentation) -> list[NDArray[np.int64]]:
    """For each orientation, the places of the pixels of a flat image."""
    places = [np.arange(np.prod(shape)).reshape(shape)]
    if augmentation.flip_horizontal:
        places += [place[:, ::-1] for place in places]
    if augmentation.flip_vertical:
        places += [place[::-1] for place in places]
    if augmentation.transpose:
        places += [place.swapaxes(0, 1) for place in places]
    return [place.ravel() for place in places]


def _averaged(moments: tuple[FloatArray, FloatArray], orders: list[NDArray[np.int64]]) -> tuple[FloatArray, FloatArray]:
    """Covariance and mean of images in all of these orientations, from the second moments of one."""
    second, mean = moments
    centre: FloatArray = np.mean([mean[order] for order in orders], axis=0)
    averaged: FloatArray = np.mean([second[np.ix_(order, order)] for order in orders], axis=0)
    return averaged - np.outer(centre, centre), centre
