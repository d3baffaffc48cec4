"""Statistics of latent codes, to which a grid is fitted."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.runs import Run

Floats = NDArray[np.float64]

PRIOR_IMAGES = 8
"""The run's own code density counts as much as this number of images."""
_LEAST_VARIANCE = 1e-8


@dataclass(frozen=True, eq=False)
class CodeStatistics:
    """Codes, and statistics of each latent dimension.

    Attributes:
        codes: The means of the images' posteriors, `(n, dim)`.
        tolerances: The error that hardly changes the decoded image, `(dim,)`: the posterior's standard deviation, as
            root mean square over the images.  A plain autoencoder has no posterior; its dimensions are all alike.
        means: Mean of each dimension, `(dim,)`.
        deviations: Standard deviation of each dimension, `(dim,)`.
    """

    codes: NDArray[np.float32]
    tolerances: Floats
    means: Floats
    deviations: Floats


def code_statistics(run: Run, posterior: Mapping[str, NDArray[np.float32]]) -> CodeStatistics:
    """Compute statistics from the posteriors of images and, where these are few, from the run's code density."""
    codes = posterior["mean"]
    wide = codes.astype(np.float64)
    mean, variance = run.code_density().moments()
    if "log_variance" in posterior:
        noise = np.mean(np.exp(posterior["log_variance"].astype(np.float64)), axis=0)
        # The run's density is of samples from the posteriors; their means scatter less.
        variance = variance - noise
        tolerances = np.sqrt(noise)
    else:
        tolerances = np.full(codes.shape[1], np.sqrt(np.mean(variance)))
    means = _blended(wide, mean)
    deviations = np.sqrt(_blended(np.square(wide - means), np.maximum(variance, _LEAST_VARIANCE)))
    return CodeStatistics(codes, tolerances, means, deviations)


def _blended(values: Floats, known: Floats) -> Floats:
    """The mean over images, `(dim,)`, as if `PRIOR_IMAGES` images of the run's density were among them."""
    return np.asarray((values.sum(axis=0) + PRIOR_IMAGES * known) / (len(values) + PRIOR_IMAGES))
