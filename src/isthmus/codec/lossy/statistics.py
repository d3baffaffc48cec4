"""What a grid is fitted to: how a run's codes of some images scatter, and how exactly the decoder reads them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.runs import Run

Floats = NDArray[np.float64]

PRIOR_IMAGES = 8
"""How many images the run's own knowledge of its codes counts for, beside those that are at hand."""
_LEAST_VARIANCE = 1e-8


@dataclass(frozen=True, eq=False)
class CodeStatistics:
    """Codes, and what is known of each of their numbers.

    Attributes:
        codes: The means of the images' posteriors, `(n, dim)`.
        tolerances: How far a number may be off: the posterior's standard deviation, the root of the mean square over
            the images; alike for all numbers of a plain autoencoder, which says nothing of it. `(dim,)`
        means: Of each number, `(dim,)`.
        deviations: The standard deviation of each, `(dim,)`.
    """

    codes: NDArray[np.float32]
    tolerances: Floats
    means: Floats
    deviations: Floats


def code_statistics(run: Run, posterior: dict[str, NDArray[np.float32]]) -> CodeStatistics:
    """Learn what there is to know from the posteriors of the images, and from the run where they are few."""
    codes = posterior["mean"]
    wide = codes.astype(np.float64)
    mean, variance = run.code_density().moments()
    if run.latent.has_rate:
        noise = np.mean(np.exp(posterior["log_variance"].astype(np.float64)), axis=0)
        # The run's distribution is of draws; what is coded are the posteriors' means, which scatter less.
        variance = variance - noise
        tolerances = np.sqrt(noise)
    else:
        tolerances = np.full(codes.shape[1], np.sqrt(np.mean(variance)))
    means = _blended(wide, mean)
    deviations = np.sqrt(_blended(np.square(wide - means), np.maximum(variance, _LEAST_VARIANCE)))
    return CodeStatistics(codes, tolerances, means, deviations)


def _blended(values: Floats, known: Floats) -> Floats:
    """The mean over images, `(dim,)`, as if the run had added a few images that follow what it knows."""
    return np.asarray((values.sum(axis=0) + PRIOR_IMAGES * known) / (len(values) + PRIOR_IMAGES))
