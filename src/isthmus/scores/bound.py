"""What a run's training counts, on any images: distortion, rate and squared error of each, from its graphs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource
from isthmus.noise import normal_by_image
from isthmus.probability import namespace
from isthmus.recipes import Pixels
from isthmus.runs import Run, encoded_batches

_POSTERIOR_STREAM = 0x706F7374

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """One number for each image, in the source's order, each `(n,)`.

    Attributes:
        distortion: -log p(x | z) for one draw of the posterior (or for the code itself), nats.
        rate: KL of the posterior from the prior, nats: in closed form where there is one, else of that draw; zeros for
            a plain autoencoder.
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
        seed: Seed for the posterior's draws and for stochastic binarisation; the batch size changes no score.

    Raises:
        DataError: If the images are not of the run's shape.
    """
    latent, likelihood = run.latent, run.likelihood
    distortions, rates, errors = [], [], []
    for batch in encoded_batches(run, source, seed):
        encoded = batch.encoded
        posterior = latent.given(encoded)
        noise = normal_by_image([seed, _POSTERIOR_STREAM], batch.start, *posterior["mean"].shape)
        z = np.asarray(latent.sample(namespace, posterior, noise), np.float32)
        images = as_pixels(batch.images.target, run.recipe.pixels)
        distortions.append(likelihood.distortion(namespace, images, _wide(run.decode_parameters(z, encoded))))
        rates.append(latent.rate(namespace, z.astype(np.float64), _wide(posterior)))
        mean = likelihood.mean(namespace, run.decode_parameters(posterior["mean"], encoded))
        errors.append(np.mean(np.square(images - mean), axis=(1, 2, 3)))
    return Scores(np.concatenate(distortions), np.concatenate(rates), np.concatenate(errors))


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
