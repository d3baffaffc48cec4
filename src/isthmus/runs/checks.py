"""Checks of the images and codes that a run is given."""

import os

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data import ImageSpec, Preprocessing, as_source
from isthmus.errors import DataError


def checked_images(
    images: ArrayLike, expected: ImageSpec, preprocessing: Preprocessing | None, run: str
) -> NDArray[np.generic]:
    """Images as an encoder takes them, `(n, height, width, channels)`.

    Args:
        images: The images.
        expected: The shape and dtype that the encoder takes.
        preprocessing: The preprocessing of the run's images.
        run: The run's name, for messages.

    Raises:
        DataError: If they are no array of that shape.
    """
    if isinstance(images, str | os.PathLike):
        raise DataError(
            f"expected images as an array (n, height, width, channels); got the path {os.fspath(images)!r}. "
            f"`isthmus.open_images({os.fspath(images)!r}, preprocessing=run.preprocessing)` opens its images, and "
            "`isthmus encode` writes their codes to a file."
        )
    source = as_source(images, dtype=expected.dtype, bits=None if preprocessing is None else preprocessing.bits)
    if source.spec != expected:
        one = np.shape(images) == expected.shape
        raise DataError(
            f"expected images of {expected}, as run {run!r} was trained on; got "
            f"{'one image. Add the first axis: images[np.newaxis]' if one else source.spec}."
        )
    return source.read(np.arange(len(source)))


def checked_codes(latent: ArrayLike, dim: int) -> NDArray[np.float32]:
    """Codes as a decoder takes them, float32 `(n, dim)`.

    Raises:
        DataError: If they have another number of dimensions, or are not finite.
    """
    try:
        codes = np.asarray(latent, np.float32)
    except (TypeError, ValueError):
        raise DataError(
            f"expected codes as an array of shape (n, {dim}), such as the `mean` that encode gives; got a "
            f"{type(latent).__name__} that no such array can be made of."
        ) from None
    if codes.ndim != 2 or codes.shape[1] != dim:
        raise DataError(f"expected codes of shape (n, {dim}); got {codes.shape}.")
    if not np.isfinite(codes).all():
        raise DataError("expected finite codes; some are NaN or infinite.")
    return codes
