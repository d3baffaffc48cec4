"""How near an answer comes to the truth: brightness, colours, and masks."""

import numpy as np
from numpy.typing import NDArray

from isthmus.evaluation.reconstruction import psnr

Pixels = NDArray[np.uint8]
FloatArray = NDArray[np.float64]


def psnr_within(truth: Pixels, given: Pixels, chosen: NDArray[np.bool_]) -> FloatArray:
    """Peak signal-to-noise ratio of the `chosen` pixels `(n, h, w, 1)` alone, dB, `(n,)`; NaN where there are none."""
    error = np.square((truth.astype(np.float64) - given) / 255.0).mean(axis=-1, keepdims=True)
    count = chosen.sum(axis=(1, 2, 3))
    with np.errstate(invalid="ignore"):
        mse = (error * chosen).sum(axis=(1, 2, 3)) / count
    return psnr(mse)


def chroma_error(truth: Pixels, given: Pixels) -> FloatArray:
    """The distance of colours, root mean square over an image's pixels in a and b of CIE Lab, `(n,)`.

    Args:
        truth: RGB, `(n, h, w, 3)`.
        given: The same.
    """
    from skimage.color import rgb2lab

    apart = rgb2lab(truth)[..., 1:] - rgb2lab(given)[..., 1:]
    return np.asarray(np.sqrt(np.square(apart).sum(axis=-1).mean(axis=(1, 2))))


def intersection_over_union(truth: Pixels, given: Pixels, classes: int) -> FloatArray:
    """Jaccard's index of each class but the first, their mean: `(n,)`.

    The mean is over the classes that an image or its answer has.  One that neither has says nothing of the answer; if
    it counted as found, an answer of nothing but background would come near 1 where there are many.  An image without
    any, answered so, has 1.

    Args:
        truth: The number of each pixel's class, `(n, h, w, 1)`.
        given: The same.
        classes: How many there are, with the first.
    """
    return _over_classes(_indices(truth, given, classes))


def dice(truth: Pixels, given: Pixels, classes: int) -> FloatArray:
    """Dice's coefficient of each class but the first, their mean: `(n,)`; see `intersection_over_union`."""
    index = _indices(truth, given, classes)
    return _over_classes(2.0 * index / (1.0 + index))


def _indices(truth: Pixels, given: Pixels, classes: int) -> FloatArray:
    """Jaccard's index of each class but the first, `(classes - 1, n)`; NaN where neither mask has it."""
    each = []
    for kind in range(1, classes):
        mine, yours = truth == kind, given == kind
        both, either = (mine & yours).sum(axis=(1, 2, 3)), (mine | yours).sum(axis=(1, 2, 3))
        each.append(np.where(either > 0, both / np.maximum(either, 1), np.nan))
    return np.stack(each)


def _over_classes(each: FloatArray) -> FloatArray:
    there = ~np.isnan(each)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, each, 0.0).sum(axis=0) / np.maximum(count, 1), 1.0)
