"""What a run says of the log-probability of images: the ELBO, and the bound of many draws, image by image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource
from isthmus.errors import UsageError
from isthmus.noise import normal_by_image
from isthmus.probability import namespace
from isthmus.probability.importance import RunningLogMeanExp
from isthmus.progress import progress_bar
from isthmus.runs import Run, encoded_batches
from isthmus.scores.measures import PixelMeasure

_DRAW_STREAM = 0x64726177

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """One number for each image, in the source's order, each `(n,)`.

    Attributes:
        distortion: -log p(x | z), the mean over the draws of the posterior, nats.
        rate: KL of the posterior from the prior, nats: in closed form where there is one, else the mean over the draws.
        log_likelihood: The importance-weighted bound on log p(x) of all draws (Burda et al. 2016, eq. 8), nats.
        effective_draws: How many draws carry the weight, from 1 to `draws`.
        draws: The draws of each image's posterior, K.
    """

    distortion: FloatArray
    rate: FloatArray
    log_likelihood: FloatArray
    effective_draws: FloatArray
    draws: int

    @property
    def elbo(self) -> FloatArray:
        """-(distortion + rate), nats: the evidence lower bound (Kingma & Welling 2014, eq. 3)."""
        return -(self.distortion + self.rate)


def gather_evidence(run: Run, source: ImageSource, measure: PixelMeasure, draws: int, seed: int = 0) -> Evidence:
    """Weigh `draws` codes for each image, in memory that does not grow with them.

    The k-th draw of an image follows from the seed, the image's number and k alone: the results are the same whatever
    the batch size (but for the rounding of the graphs' own sums), and more draws go on from fewer.

    Args:
        run: A run whose latent has a posterior.
        source: Images of the run's shape.
        measure: How pixels are counted; one that is a likelihood.
        draws: Codes for each image, K; one where codes are discrete.
        seed: Seed for the draws and for stochastic binarisation.

    Raises:
        DataError: If the images are not of the run's shape.
        UsageError: If there is no log-likelihood to be had, or `draws` is less than 1.
    """
    if not measure.is_likelihood:
        raise UsageError(measure.explanation)
    if draws < 1:
        raise UsageError(f"expected at least one importance sample for each image; got {draws}")
    if not run.latent.is_random:  # every draw is the one code of its image
        draws = 1
    parts: list[tuple[FloatArray, ...]] = []
    with progress_bar("likelihood", len(source) * draws) as bar:
        for batch in encoded_batches(run, source, seed):
            posterior, start = batch.encoded, batch.start
            images = measure.prepare(batch.images.target)
            count, dim = posterior["mean"].shape
            wide = {name: array.astype(np.float64) for name, array in posterior.items()}
            mean, distortions, ratios = RunningLogMeanExp(count), np.zeros(count), np.zeros(count)
            for draw in range(draws):
                noise = normal_by_image([seed, _DRAW_STREAM, draw], start, count, dim)
                z = np.asarray(run.latent.sample(namespace, posterior, noise), np.float32)
                distortion = measure.distortion(images, run.decode_parameters(z, posterior))
                ratio = run.latent.log_ratio(namespace, z.astype(np.float64), wide)
                mean.add(-(distortion + ratio))
                distortions += distortion
                ratios += ratio
                bar.update(start * draws + (draw + 1) * count)
            kl = run.latent.kl(namespace, wide)
            rate = ratios / draws if kl is None else np.sum(kl, axis=-1)
            parts.append((distortions / draws, rate, mean.value, mean.effective_count))
    distortion, rate, log_likelihood, effective = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Evidence(distortion, rate, log_likelihood, effective, draws)
