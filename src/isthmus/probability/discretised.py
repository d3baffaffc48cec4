"""The probability of a pixel's level, of 256, under a density: the density's mass over the level's bin.

A density at an integer is no probability and can grow without end.  The mass of the bin is one: level l stands for all
brightness from (l - ½)/255 to (l + ½)/255, and the lowest and the highest for all beyond, so the 256 masses sum to 1
(Salimans et al. 2017, "PixelCNN++", section 2.1, for the logistic).  The logistic's is trained with, and written over
an array namespace; the others score what was trained as a density, and are NumPy only.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_HALF_LEVEL = 0.5 / 255


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
    from scipy.special import log_ndtr  # late; see `namespace`

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


def logistic_log_mass(xp: Any, images: Any, mean: Any, log_scale: Any) -> Any:
    """Log of the mass of a logistic over the bins of 8-bit levels, elementwise, nats; shapes broadcast.

    With σ the logistic function and a < b the bin's edges, σ(b) - σ(a) = σ(b) σ(-a) (1 - e^(a - b)).  No factor is a
    difference of like numbers, so the logarithm and its gradient hold in float32 for any distance and scale.

    Args:
        xp: The array namespace.
        images: Levels / 255.
        mean: The location, in the same unit.
        log_scale: The logarithm of the scale, likewise; at most about 9 in float32, or the edges would coincide.
    """
    precision = xp.exp(-log_scale)
    below_upper = xp.softplus((mean - images - _HALF_LEVEL) * precision)
    above_lower = xp.softplus((images - mean - _HALF_LEVEL) * precision)
    both = xp.log(-xp.expm1(-2.0 * _HALF_LEVEL * precision))
    # The lowest level has no lower edge, the highest no upper one.
    inside = xp.where((images > 0.0) & (images < 1.0), both, 0.0)
    return inside - xp.where(images < 1.0, below_upper, 0.0) - xp.where(images > 0.0, above_lower, 0.0)


def mean_of_clipped_logistic(xp: Any, mean: Any, log_scale: Any) -> Any:
    """The expectation of a logistic variable clipped to 0 to 1, elementwise: the integral of its survival function."""
    scale = xp.exp(log_scale)
    return scale * (xp.softplus(mean / scale) - xp.softplus((mean - 1.0) / scale))


def _towards_left(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mirror the intervals that lie to the right of 0: the mass is the same, and 1 - tiny never occurs."""
    mirrored = lower > 0.0
    return np.where(mirrored, -upper, lower), np.where(mirrored, -lower, upper)
