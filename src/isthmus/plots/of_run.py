"""What a run's pictures rest on: its decoder, how much each dimension tells, and where its codes lie."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from isthmus.plots.checks import Codes, Images
from isthmus.plots.display import as_displayed
from isthmus.probability import namespace
from isthmus.runs import Run

SHOWN_CODES = 1000
"""Points in a scatter, at most, where no number was asked for."""
TERMS = ("loss", "distortion", "rate", "regularisation")
"""The columns of the history that are in nats per image."""


def decoder_of(run: Run) -> Callable[[Codes], Images]:
    """A run's decoder, as pictures take it: codes `(n, d)` to uint8 images that can be shown."""
    return lambda codes: as_displayed(run.decode(codes))


def tells_of(run: Run, posterior: Mapping[str, NDArray[np.float32]]) -> tuple[NDArray[np.float64], str]:
    """How much each dimension tells of its image, `(d,)`, and the unit: KL in nats, or the variance of point codes."""
    if run.latent.has_rate:
        wide = {name: array.astype(np.float64) for name, array in posterior.items()}
        return np.asarray(run.latent.kl(namespace, wide)).mean(axis=0), "nats"
    return posterior["mean"].astype(np.float64).var(axis=0), "variance"


def range_of(run: Run, codes: NDArray[np.float32]) -> tuple[float, float]:
    """How far a traversal goes: three of the prior's standard deviations, or what a plain autoencoder's codes span."""
    if run.latent.has_rate:
        return -3.0, 3.0
    low, high = (float(value) for value in np.percentile(codes, (1, 99)))
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def terms_of(run: Run, columns: Mapping[str, object]) -> list[str]:
    """The terms of the loss that are worth a curve: where there is no other, the distortion is the loss."""
    terms = [term for term in TERMS if term in columns and (term != "rate" or run.latent.has_rate)]
    return terms if len(terms) > 2 else terms[:1]
