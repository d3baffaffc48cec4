"""The rate and distortion of images, and their posteriors.

Both follow from the image alone, not from its number or its batch.  So an image of the cloud that is encoded again has
the same latent code.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageArray, binarised
from isthmus.noise import normal_by_image, uniform_by_image
from isthmus.probability import namespace
from isthmus.runs import Run
from isthmus.scores.bound import as_pixels

DRAWS = 4
"""Draws of the posterior that a distortion is averaged over: the same number for every image, for a fair comparison."""

# Separate the random numbers here from each other and from those of training and scoring.
_POSTERIOR_STREAM, _PIXEL_STREAM = 0x6578706C, 0x70697865


@dataclass(frozen=True)
class Costs:
    """The posterior of each of n images, and its cost.

    Attributes:
        mean: float32 `(n, dim)`.
        rate: Nats, float64 `(n,)`; zeros for a plain autoencoder.
        distortion: -log p(x | z), nats, averaged over draws of the posterior, float64 `(n,)`.
        log_variance: float32 `(n, dim)`; None for a plain autoencoder.
        percentile: The percentage of the cloud's images that cost less, float64 `(n,)`; None while unknown.
    """

    mean: NDArray[np.float32]
    rate: NDArray[np.float64]
    distortion: NDArray[np.float64]
    log_variance: NDArray[np.float32] | None = None
    percentile: NDArray[np.float64] | None = None


def cost(run: Run, images: ImageArray, noise: NDArray[np.float32]) -> Costs:
    """Encode images, and measure their rate and distortion.

    Args:
        run: The run.
        images: `(n, height, width, channels)` of the run's shape and dtype.
        noise: Standard normal numbers for the draws of the posteriors, `(draws, n or 1, dim)`; see `noise_for`.

    Raises:
        DataError: If they are not of the run's shape.
    """
    inputs = as_encoder_input(run, images)
    return cost_of(run, inputs, run.encode(inputs), noise)


def cost_of(
    run: Run, inputs: ImageArray, posterior: Mapping[str, NDArray[np.float32]], noise: NDArray[np.float32]
) -> Costs:
    """Measure the rate and distortion of inputs of the encoder, given their posterior; see `cost`."""
    target = as_pixels(inputs, run.recipe.pixels)
    distortion = np.zeros(len(inputs))
    draws = noise if run.latent.has_rate else noise[:1]
    rate = np.zeros(len(inputs))
    wide = {name: array.astype(np.float64) for name, array in posterior.items()}
    for draw in draws:
        z = np.asarray(run.latent.sample(namespace, posterior, draw), np.float32)
        parameters = {name: array.astype(np.float64) for name, array in run.decode_parameters(z).items()}
        distortion += run.likelihood.distortion(namespace, target, parameters)
        rate += run.latent.rate(namespace, z.astype(np.float64), wide)
    return Costs(posterior["mean"], rate / len(draws), distortion / len(draws), posterior.get("log_variance"))


def as_encoder_input(run: Run, images: ImageArray) -> ImageArray:
    """Images `(n, height, width, channels)` as input of the encoder, binarised if they were binarised in training.

    The draws are the same for every image.
    """
    if run.recipe.pixels.binarise != "stochastic":
        return images
    return binarised(images, uniform_for(images.shape[1:]))


def uniform_for(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The fixed thresholds of stochastic binarisation: float32 `(1, *shape)` from [0, 1)."""
    return uniform_by_image([_PIXEL_STREAM], 0, 1, math.prod(shape)).reshape(1, *shape)


def noise_for(run: Run, draws: int = DRAWS) -> NDArray[np.float32]:
    """Noise for the draws of a posterior, the same for every image: float32 `(draws, 1, dim)`."""
    dim = run.recipe.latent.dim
    return np.stack([normal_by_image([_POSTERIOR_STREAM, draw], 0, 1, dim) for draw in range(draws)])
