"""What a run's training counts, on any images: distortion, rate and squared error of each, from its graphs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource, evaluation_batches
from isthmus.errors import DataError
from isthmus.noise import normal_by_image
from isthmus.probability import namespace
from isthmus.recipes import Pixels
from isthmus.runs import Run

BATCH = 500
MOST_NUMBERS = 1 << 21
"""Numbers of a batch at most: several arrays of so many float64 are held at once."""
_POSTERIOR_STREAM = 0x706F7374

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """One number for each image, in the source's order, each `(n,)`.

    Attributes:
        distortion: -log p(x | z) for one draw of the posterior (or for the code itself), nats.
        rate: KL of the posterior from the prior in closed form, nats; zeros for a plain autoencoder.
        squared_error: Mean over the pixels of the squared error of the posterior mean's reconstruction, pixels 0 to 1.
    """

    distortion: FloatArray
    rate: FloatArray
    squared_error: FloatArray

    @property
    def elbo(self) -> FloatArray:
        """-(distortion + rate), nats: the evidence lower bound where the loss is a likelihood at all."""
        return -(self.distortion + self.rate)


def score(run: Run, source: ImageSource, seed: int = 0) -> Scores:
    """Score every image of a source once.

    Args:
        run: What to score.
        source: Images of the run's shape.
        seed: Of the posterior's draws and of stochastic binarisation; it fixes the figures, whatever the batch size.

    Raises:
        DataError: If the images are not of the run's shape.
    """
    if source.spec != run.source:
        raise DataError(f"expected images of {run.source}, as run {run.path.name!r} was trained on; got {source.spec}.")
    latent, likelihood = run.latent, run.likelihood
    distortions, rates, errors = [], [], []
    start = 0
    batch_size = max(1, min(BATCH, MOST_NUMBERS // numbers_of(run)))
    for batch in evaluation_batches(source, batch_size, run.recipe, seed):
        encoded = run.encode(batch.input)
        posterior = {name: encoded[name] for name in latent.parameter_names}
        noise = normal_by_image([seed, _POSTERIOR_STREAM], start, len(batch.input), run.recipe.latent.dim)
        z = np.asarray(latent.sample(namespace, posterior, noise), np.float32)
        images = as_pixels(batch.target, run.recipe.pixels)
        distortions.append(likelihood.distortion(namespace, images, _wide(run.decode_parameters(z, encoded))))
        rates.append(np.sum(latent.kl(namespace, _wide(posterior)), axis=-1))
        mean = likelihood.mean(namespace, run.decode_parameters(posterior["mean"], encoded))
        errors.append(np.mean(np.square(images - mean), axis=(1, 2, 3)))
        start += len(images)
    return Scores(np.concatenate(distortions), np.concatenate(rates), np.concatenate(errors))


def numbers_of(run: Run) -> int:
    """How many numbers an image takes, or what its decoder says of it where that is more."""
    image = run.image
    return image.height * image.width * max(image.channels, run.likelihood.output_channels(image.channels))


def as_pixels(images: NDArray[np.generic], pixels: Pixels) -> FloatArray:
    """What a model takes images for, 0 to 1: the same as its graph does, for comparing with what it gives."""
    x = np.asarray(images, np.float32)
    if pixels.dtype == "uint8":
        x = x / np.float32(255)
    if pixels.binarise == "threshold":
        x = (x > pixels.threshold).astype(np.float32)
    return x.astype(np.float64)


def _wide(parameters: dict[str, NDArray[np.float32]]) -> dict[str, FloatArray]:
    """Sums over thousands of pixels want float64."""
    return {name: array.astype(np.float64) for name, array in parameters.items()}
