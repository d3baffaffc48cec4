"""The data of a run's plots: its decoder, the information per dimension, and the range of its codes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.plots.checks import Codes, Images
from isthmus.plots.display import as_displayed
from isthmus.runs import Run
from isthmus.runs.history import loss_terms

if TYPE_CHECKING:
    from isthmus.plots.paths import Way

SHOWN_CODES = 1000
"""Points in a scatter, at most, where no number was asked for."""


def decoder_of(run: Run) -> Callable[[Codes], Images]:
    """A run's decoder, as plots take it: codes `(n, d)` to uint8 images that can be shown."""
    return lambda codes: as_displayed(run.decode(codes))


def range_of(run: Run, codes: NDArray[np.float32]) -> tuple[float, float]:
    """The range of a traversal: three standard deviations of a standard normal prior, or that of the codes."""
    if run.latent.has_standard_prior:
        return -3.0, 3.0
    low, high = (float(value) for value in np.percentile(codes, (1, 99)))
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def terms_of(run: Run, columns: Mapping[str, object]) -> list[str]:
    """The terms of the loss to plot; a distortion that is the whole loss is left out."""
    terms = [term for term in loss_terms(columns) if term != "rate" or run.latent.has_rate]
    return terms if len(terms) > 2 else terms[:1]


def best_epoch_of(run: Run) -> int | None:
    """The epoch that a run has its weights from; None before the first has ended."""
    training = run.manifest.training
    return None if training is None else training.best_epoch


def way_of(run: Run) -> "Way":
    """How to interpolate between codes: on a sphere, near which a VAE's codes lie in more than two dimensions."""
    return "spherical" if run.latent.has_standard_prior and run.recipe.latent.dim > 2 else "linear"
