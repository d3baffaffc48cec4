"""Latent codes and images of requests as arrays, checked against the run."""

from typing import Any

import numpy as np
from fastapi import HTTPException
from numpy.typing import NDArray

from isthmus.explorer.server.schemas import LARGEST
from isthmus.explorer.service import Service
from isthmus.plots.checks import Images


def require_batch(service: Service, count: int, what: str) -> None:
    """Refuse more of something than one request may ask for (422)."""
    if count > service.limits.batch:
        raise HTTPException(422, f"expected at most {service.limits.batch:,} {what} at once; got {count:,}.")


def codes_of(service: Service, given: list[list[float]] | bytes) -> NDArray[np.float32]:
    """Latent codes from lists or from little-endian float32, `(n, dim)`.

    Raises:
        HTTPException: If they are none, too many, too large or not of the run's dimensions (422).
    """
    dim = service.dim
    if isinstance(given, bytes):
        if not given or len(given) % (4 * dim):
            why = f"expected codes as little-endian float32, {4 * dim} bytes each; got {len(given):,} bytes."
            raise HTTPException(422, why)
        codes = np.frombuffer(given, "<f4").reshape(-1, dim).astype(np.float32)
    elif wrong := next((len(row) for row in given if len(row) != dim), None):
        raise HTTPException(422, f"expected codes of {dim} numbers; got one of {wrong}.")
    else:
        codes = np.asarray(given, np.float32)
    require_batch(service, len(codes), "codes")
    if not (np.abs(codes) <= LARGEST).all():  # false for NaN too
        raise HTTPException(422, f"expected finite numbers from {-LARGEST:g} to {LARGEST:g}.")
    return codes


def images_of(service: Service, given: list[Any] | bytes) -> Images:
    """Images from nested lists or from 8-bit pixels in C order, uint8 `(n, height, width, channels)`.

    Raises:
        HTTPException: If they are none, too many or not of the run's shape (422).
    """
    image = service.run.image
    try:
        flat = np.frombuffer(given, np.uint8).reshape(-1, *image.shape) if isinstance(given, bytes) else given
        images = np.asarray(flat, np.uint8)
    except ValueError:  # too few bytes, or rows of different lengths
        images = np.zeros(0, np.uint8)
    if images.shape[1:] != image.shape or not len(images):
        raise HTTPException(
            422,
            f"expected images of {image.height} rows, {image.width} columns and {image.channels} channels, "
            f"{image.dims:,} bytes each.",
        )
    require_batch(service, len(images), "images")
    return images
