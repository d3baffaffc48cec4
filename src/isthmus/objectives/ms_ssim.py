"""Multi-scale structural similarity (Wang, Simoncelli & Bovik 2003), as a penalty (Zhao, Gallo, Frosio & Kautz 2017).

Squared and absolute error count each pixel by itself, and are lowest where unpredictable texture is averaged away.
Structural similarity compares the contrast of each neighbourhood, so a blurred texture costs more than a noisy one.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.probability import Forward

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, the finest first (Wang, Simoncelli & Bovik 2003, section 3.2)."""
WINDOW, SIGMA = 11, 1.5
"""Side and standard deviation of the Gaussian window, pixels (Wang et al. 2004, section III.C)."""
C_LUMINANCE, C_CONTRAST = 0.01**2, 0.03**2
"""Constants that keep the quotients finite (ibid., equations 7 and 8), for brightness from 0 to 1."""
# Images that contradict each other have a similarity below 0, which has no logarithm: below this, a line follows.
_FLOOR = 1e-4


@dataclass(frozen=True)
class MultiScaleSSIM:
    """Structural dissimilarity of target and prediction: weight x numbers in an image x (1 - MS-SSIM).

    With a Laplace likelihood of scale b this is the mixed loss of Zhao et al. (2017, equation 14), without its Gaussian
    weights of the absolute error: their alpha is w b / (1 + w b) for a weight w.

    Attributes:
        weight: The weight, for each number in an image, so that it means the same at any resolution.
    """

    weight: float

    def __call__(self, forward: Forward) -> Any:
        """The penalty, the mean over the draws, `(batch,)`."""
        draws = range(forward.prediction.shape[0])
        similarity = sum(ms_ssim(forward.xp, forward.target, forward.prediction[draw]) for draw in draws) / len(draws)
        return self.weight * math.prod(forward.target.shape[1:]) * (1.0 - similarity)


def scale_weights(side: int) -> tuple[float, ...]:
    """The exponents of the scales that images with this shorter side have; they sum to 1.

    Each scale halves the last, and the coarsest is still as large as the window: 5 scales from 176 pixels, 3 from 44
    and 1 below 22.
    """
    count = 1
    while count < len(SCALE_WEIGHTS) and side >> count >= WINDOW:
        count += 1
    total = sum(SCALE_WEIGHTS[:count])
    return tuple(weight / total for weight in SCALE_WEIGHTS[:count])


def ms_ssim(xp: Any, images: Any, others: Any) -> Any:
    """Multi-scale structural similarity of each image with its counterpart, the mean over the channels.

    Contrast and structure are compared at each scale, luminance at the coarsest (Wang, Simoncelli & Bovik 2003,
    equation 7). Windows lie within the image. One scale gives the structural similarity of Wang et al. (2004).

    Args:
        xp: The array namespace.
        images: `(batch, height, width, channels)`, any size, float, brightness from 0 to 1.
        others: The same shape.

    Returns:
        `(batch,)`, from nearly 0 for images that contradict each other to 1 for equal ones.
    """
    side = min(images.shape[1:3])
    # Centred, as variances are differences of means of squares, and these are smaller then.
    x, y = (xp.transpose(array - 0.5, (0, 3, 1, 2)) for array in (images, others))
    weights, log_similarity = scale_weights(side), 0.0
    for scale, weight in enumerate(weights):
        if scale:
            x, y = _halved(xp, x), _halved(xp, y)
        compared = _ssim_map(xp, x, y, with_luminance=scale == len(weights) - 1)
        mean = xp.mean(compared, axis=(2, 3))
        positive = xp.maximum(mean, _FLOOR)
        log_similarity = log_similarity + weight * (xp.log(positive) + mean - positive)
    return xp.mean(xp.exp(log_similarity), axis=1)


def _ssim_map(xp: Any, x: Any, y: Any, with_luminance: bool) -> Any:
    """Structural similarity at each place of the window, `(batch, channels, rows, columns)`."""
    rows, columns = (_window_matrix(side) for side in x.shape[2:])

    def blurred(array: Any) -> Any:
        return xp.matmul(xp.matmul(rows, array), columns.T)

    mean_x, mean_y = blurred(x), blurred(y)
    variances = blurred(xp.square(x) + xp.square(y)) - xp.square(mean_x) - xp.square(mean_y)
    covariance = blurred(x * y) - mean_x * mean_y
    compared = (2.0 * covariance + C_CONTRAST) / (variances + C_CONTRAST)
    if not with_luminance:
        return compared
    mean_x, mean_y = mean_x + 0.5, mean_y + 0.5
    return compared * (2.0 * mean_x * mean_y + C_LUMINANCE) / (xp.square(mean_x) + xp.square(mean_y) + C_LUMINANCE)


def _window_matrix(side: int) -> NDArray[np.float32]:
    """The matrix that averages a side by the Gaussian window, `(side - window + 1, side)`.

    A product of matrices takes a third of a convolution's time on a CPU, and on JAX a fortieth.
    """
    window = min(WINDOW, side - 1 + side % 2)  # odd
    density = np.exp(-0.5 * np.square((np.arange(window) - window // 2) / SIGMA))
    matrix = np.zeros((side - window + 1, side), np.float32)
    for row in range(len(matrix)):
        matrix[row, row : row + window] = density / density.sum()
    return matrix


def _halved(xp: Any, array: Any) -> Any:
    """The mean of each 2 x 2 pixels; an odd row or column at the end is left out."""
    height, width = (side // 2 for side in array.shape[2:])
    channels = array.shape[1]
    even = array[:, :, : 2 * height, : 2 * width]
    return xp.mean(xp.reshape(even, (-1, channels, height, 2, width, 2)), axis=(3, 5))
