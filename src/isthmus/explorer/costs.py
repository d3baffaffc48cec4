"""What images cost a model in nats, and the codes that it gives them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ArraySource, evaluation_batches
from isthmus.noise import normal_by_image
from isthmus.probability import namespace
from isthmus.runs import Run
from isthmus.scores.bound import as_pixels

_POSTERIOR_STREAM = 0x6578706C


@dataclass(frozen=True)
class Costs:
    """The posterior of each of n images, and its cost.

    Attributes:
        mean: float32 `(n, dim)`.
        log_variance: float32 `(n, dim)`; None for a plain autoencoder.
        kl: The rate of each dimension, nats, float64 `(n, dim)`; zeros for a plain autoencoder.
        distortion: -log p(x | z), nats, averaged over draws of the posterior, float64 `(n,)`.
    """

    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32] | None
    kl: NDArray[np.float64]
    distortion: NDArray[np.float64]


def cost(run: Run, images: NDArray[np.generic], noise: NDArray[np.float32]) -> Costs:
    """Encode images, and say what they cost.

    Args:
        run: The run.
        images: `(n, height, width, channels)` of the run's shape and dtype.
        noise: Standard normal numbers for the draws of the posteriors, `(draws, n or 1, dim)`; see `noise_for`.

    Raises:
        DataError: If they are not of the run's shape.
    """
    source = ArraySource(np.asarray(images))
    (batch,) = evaluation_batches(source, len(source), run.recipe, seed=0)
    posterior = run.encode(batch.seen)
    target = as_pixels(batch.target, run.recipe.pixels)
    distortion = np.zeros(len(source))
    draws = noise if run.latent.has_rate else noise[:1]
    for draw in draws:
        z = np.asarray(run.latent.sample(namespace, posterior, draw), np.float32)
        parameters = {name: array.astype(np.float64) for name, array in run.decode_parameters(z).items()}
        distortion += run.likelihood.distortion(namespace, target, parameters)
    wide = {name: array.astype(np.float64) for name, array in posterior.items()}
    kl = np.asarray(run.latent.kl(namespace, wide))
    return Costs(posterior["mean"], posterior.get("log_variance"), kl, distortion / len(draws))


def noise_for(run: Run, start: int, count: int, draws: int = 1) -> NDArray[np.float32]:
    """Noise for images `start` to `start + count`, always the same: float32 `(draws, count, dim)`."""
    dim = run.recipe.latent.dim
    return np.stack([normal_by_image([_POSTERIOR_STREAM, draw], start, count, dim) for draw in range(draws)])
