"""Measure a model beside image formats at as many bytes as its quantised codes take."""

from isthmus.codec.lossy.grid import fit_grid
from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.quality import coarseness
from isthmus.codec.lossy.statistics import code_statistics
from isthmus.evaluation.equal_size import EqualSize, compare, compared_images, has_photographs
from isthmus.evaluation.measurements import Measurements, decode
from isthmus.evaluation.reconstruction import closeness

QUALITIES = (60, 70, 80, 90, 100)
"""Qualities of the lossy codec that are tried; the first that costs less than `MOST_LOSS_DB`, or the last, is used."""
MOST_LOSS_DB = 0.1


def measure_equal_size(measured: Measurements) -> EqualSize | None:
    """Compare a model with PCA and image formats on some held-out photographs; None where there are none.

    Discrete codes are not compared: no codec stores them.

    The codes of all held-out images are quantised together, as `isthmus compress --lossy` does, as coarsely as costs
    less than 0.1 dB.
    """
    run = measured.run
    if run.latent.is_discrete or not has_photographs(run, measured.test.spec):
        return None
    originals = compared_images(measured)
    pixels, count = originals / 255.0, len(originals)
    statistics = code_statistics(run, measured.codes.posterior)
    labels = None
    if run.is_conditional and measured.test.labels is not None:
        labels = measured.test.labels[:count]
    exact = decode(run, measured.codes.posterior["mean"][:count], labels)
    best = closeness(pixels, exact, similarity=False).psnr.mean()
    for quality in QUALITIES:
        grid = fit_grid(statistics.tolerances, statistics.means, statistics.deviations, coarseness(quality))
        quantised = grid.quantise(statistics.codes)
        coarse = decode(run, grid.dequantise(quantised[:count]), labels)
        if best - closeness(pixels, coarse, similarity=False).psnr.mean() < MOST_LOSS_DB:
            break
    size = len(Message.of(grid, quantised).to_bytes()) / len(quantised)
    return compare(measured, originals, exact, coarse, size)
