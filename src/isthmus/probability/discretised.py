"""The probability of a pixel's level, of 256, under a density: the density's mass over the level's bin.

A density at an integer is no probability and can grow without end.  The mass of the bin is one: level l stands for all
brightness from (l - ½)/255 to (l + ½)/255, and the lowest and the highest for all beyond, so the 256 masses sum to 1
(Salimans et al. 2017, "PixelCNN++", section 2.1, for the logistic).  NumPy only.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

FloatArray = NDArray[np.float64]


def level_edges(levels: NDArray[np.uint8]) -> tuple[FloatArray, FloatArray]:
    """The lower and the upper edge of each level's bin, brightness from 0 to 1; infinite at the ends."""
    levels = np.asarray(levels)
    centre = levels.astype(np.float64)
    lower = np.where(levels == 0, -np.inf, (centre - 0.5) / 255.0)
    upper = np.where(levels == 255, np.inf, (centre + 0.5) / 255.0)
    return lower, upper


def gaussian_log_mass(lower: Any, upper: Any) -> FloatArray:
    """log(Φ(upper) - Φ(lower)) of a standard normal, elementwise, nats; `lower` < `upper`.

    Computed in the tail where both are small numbers, so that it holds its digits hundreds of deviations away.
    """
    lower, upper = _towards_left(np.asarray(lower, np.float64), np.asarray(upper, np.float64))
    log_upper = log_ndtr(upper)
    return np.asarray(log_upper + np.log(-np.expm1(log_ndtr(lower) - log_upper)))


def laplace_log_mass(lower: Any, upper: Any) -> FloatArray:
    """Log of the mass of a standard Laplace between two edges, elementwise, nats; `lower` < `upper`."""
    lower, upper = _towards_left(np.asarray(lower, np.float64), np.asarray(upper, np.float64))
    # Both in the left tail, where F(x) = ½ eˣ; else one on each side of 0.
    left = np.minimum(upper, 0.0)
    tail = left + np.log(-np.expm1(np.minimum(lower - left, 0.0)), out=np.zeros_like(left), where=lower < left)
    inside = -0.5 * (np.expm1(np.minimum(lower, 0.0)) + np.expm1(-np.maximum(upper, 0.0)))
    across = np.log(inside, out=np.zeros_like(left), where=inside > 0.0)
    return np.asarray(np.where(upper <= 0.0, tail - np.log(2.0), across))


def _towards_left(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mirror the intervals that lie to the right of 0: the mass is the same, and 1 - tiny never occurs."""
    mirrored = lower > 0.0
    return np.where(mirrored, -upper, lower), np.where(mirrored, -lower, upper)
