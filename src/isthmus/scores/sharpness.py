"""Sharpness of images: their gradient energy, as a share of that of the originals."""

import math

import numpy as np
from numpy.typing import NDArray

from isthmus.units import Estimate


def gradient_energy(images: NDArray[np.floating]) -> NDArray[np.float64]:
    """The mean squared difference of neighbouring pixels, across and down, of each image.

    Args:
        images: `(n, h, w, c)`, brightness from 0 to 1.

    Returns:
        `(n,)`, squared brightness: the sum of both squared differences, divided by `h w c`.  0 for an image of one
        colour.
    """
    wide = np.asarray(images, np.float64)
    sums = [np.square(np.diff(wide, axis=axis)).sum(axis=(1, 2, 3)) for axis in (1, 2)]
    return np.asarray((sums[0] + sums[1]) / wide[0].size)


def sharpness(energy: NDArray[np.float64], original: NDArray[np.float64]) -> Estimate:
    """The gradient energy of all images as a share of that of their originals.

    1 for equal images, below 1 for blurred ones; noise, ringing and block edges raise it, even above 1.  The ratio of
    the sums is not dominated by nearly flat images, as a mean of ratios would be.

    Args:
        energy: Of the images that stand for the originals, `(n,)`, by `gradient_energy`.
        original: Of the originals, `(n,)`.

    Returns:
        The share, with the standard error of a ratio of means; NaN where all originals are of one colour.
    """
    mean = float(original.mean())
    if mean == 0.0:
        return Estimate(math.nan, math.nan, len(original))
    share = float(energy.mean()) / mean
    return Estimate(share, Estimate.of((energy - share * original) / mean).standard_error, len(original))
