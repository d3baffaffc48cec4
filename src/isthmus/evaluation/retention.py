"""The information about an image in its code, whatever the decoder makes of it."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data import batch_size_for
from isthmus.evaluation.measurements import Measurements

NEIGHBOURS = 20
TESTED = 2_000


def measure_retention(measured: Measurements) -> tuple[float, float] | None:
    """Squared errors of images predicted from their codes by neighbours, for the run and for PCA of the same dimension.

    A decoder learns to make do with its encoder, so that neither reconstructions nor optimised posteriors show what an
    encoder throws away.  Neighbours do: an image is predicted as the mean of training images with the nearest codes.

    Returns:
        Both mean squared errors, brightness from 0 to 1; None where the training images cannot be found.
    """
    known, pixels, pca = measured.train_codes, measured.train_pixels, measured.pca
    if known is None or pixels is None or pca is None:
        return None
    images = measured.test_pixels[:TESTED]
    return (
        neighbour_error(known.mean, pixels, measured.subset_codes.mean[:TESTED], images),
        neighbour_error(pca.encode(pixels), pixels, pca.encode(images), images),
    )


def neighbour_error(
    known: NDArray[np.floating],
    known_images: NDArray[np.floating],
    codes: NDArray[np.floating],
    images: NDArray[np.floating],
) -> float:
    """The mean squared error of images `(m, h, w, c)` as means of those known whose codes are nearest.

    Args:
        known: Codes `(n, d)` of the images that are known.
        known_images: Those, `(n, h, w, c)`.
        codes: `(m, d)`.
        images: `(m, h, w, c)`.
    """
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(known))
    nearest = NearestNeighbors(n_neighbors=count).fit(known).kneighbors(codes, return_distance=False)
    errors = []
    size = batch_size_for(count * images[0].size)
    for start in range(0, len(images), size):
        part = slice(start, start + size)
        predicted = known_images[nearest[part]].mean(axis=1)
        errors.append(np.mean(np.square(images[part] - predicted), axis=(1, 2, 3), dtype=np.float64))
    return float(np.mean(np.concatenate(errors)))
