"""What a run makes of its images: scores, codes, and how much the images differ."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource, content_order, select
from isthmus.runs import Run
from isthmus.scores import Scores, as_pixels, score
from isthmus.workflows.datasets import HeldOut

MOST_IMAGES = 10_000
MOST_PIXELS = 200_000_000
BATCH = 500


@dataclass(frozen=True)
class Seen:
    """Images with what a run makes of them.

    Attributes:
        source: The images.
        what: What they are, in words.
        scores: Of each.
        posterior: Of each, by parameter, `(n, d)`.
        pixel_variance: The mean over pixels of the variance over images, pixels from 0 to 1: the squared error that the
            mean image has.
    """

    source: ImageSource
    what: str
    scores: Scores
    posterior: dict[str, NDArray[np.float32]]
    pixel_variance: float


def look(run: Run, found: HeldOut) -> Seen:
    """Score and encode images in an order of their content: all, or a random choice of as many as a report can show.

    Raises:
        DataError: If they are not of the run's shape.
    """
    count = max(1, min(MOST_IMAGES, MOST_PIXELS // run.image.dims))
    source = select(found.images, content_order(found.images, run.recipe.training.seed)[:count])
    scores = score(run, source, run.recipe.training.seed)
    parts = []
    sums = np.zeros((2, *run.image.shape))
    for start in range(0, len(source), BATCH):
        images = source.read(np.arange(start, min(start + BATCH, len(source))))
        parts.append(run.encode(images))
        pixels = as_pixels(images, run.recipe.pixels)
        sums += pixels.sum(axis=0), np.square(pixels).sum(axis=0)
    mean, square = sums / len(source)
    posterior = {name: np.concatenate([part[name] for part in parts]) for name in run.latent.parameter_names}
    return Seen(source, found.what, scores, posterior, float(np.mean(square - np.square(mean))))
