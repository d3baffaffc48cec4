"""How near an answer comes to the truth: brightness, colours, and masks."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
FloatArray = NDArray[np.float64]
_LEAST_ERROR = 1e-10  # a perfect image has 100 dB, not infinitely many


def psnr_within(truth: Pixels, given: Pixels, chosen: NDArray[np.bool_]) -> FloatArray:
    """Peak signal-to-noise ratio of the `chosen` pixels `(n, h, w, 1)` alone, dB, `(n,)`; NaN where there are none."""
    error = np.square((truth.astype(np.float64) - given) / 255.0).mean(axis=-1, keepdims=True)
    count = chosen.sum(axis=(1, 2, 3))
    with np.errstate(invalid="ignore"):
        mse = (error * chosen).sum(axis=(1, 2, 3)) / count
    return np.asarray(-10.0 * np.log10(np.maximum(mse, _LEAST_ERROR)))


def chroma_error(truth: Pixels, given: Pixels) -> FloatArray:
    """The distance of colours, root mean square over an image's pixels in a and b of CIE Lab, `(n,)`.

    Args:
        truth: RGB, `(n, h, w, 3)`.
        given: The same.
    """
    from skimage.color import rgb2lab

    apart = rgb2lab(truth)[..., 1:] - rgb2lab(given)[..., 1:]
    return np.asarray(np.sqrt(np.square(apart).sum(axis=-1).mean(axis=(1, 2))))


def intersection_over_union(truth: Pixels, given: Pixels, kind: int) -> FloatArray:
    """Jaccard's index of the pixels of one class, `(n,)`; 1 where neither has any (masks `(n, h, w, 1)`)."""
    mine, yours = truth == kind, given == kind
    both, any_ = (mine & yours).sum(axis=(1, 2, 3)), (mine | yours).sum(axis=(1, 2, 3))
    return np.where(any_ > 0, both / np.maximum(any_, 1), 1.0)


def dice(truth: Pixels, given: Pixels, kind: int) -> FloatArray:
    """Dice's coefficient of the pixels of one class, `(n,)`; 1 where neither has any (masks `(n, h, w, 1)`)."""
    index = intersection_over_union(truth, given, kind)
    return np.asarray(2.0 * index / (1.0 + index))
