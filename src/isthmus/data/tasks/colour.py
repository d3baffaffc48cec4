"""Brightness and colour, apart and together again: the luma and chroma of JPEG files (ITU-R BT.601)."""

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([19595, 38470, 7471])  # 0.299, 0.587 and 0.114 of 2^16: whole numbers give the same on every machine
_TO_CHROMA = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
_FROM_CHROMA = np.array([[0.0, 1.402], [-0.344136, -0.714136], [1.772, 0.0]])
MIDDLE = 128
"""The chroma of grey."""


def luma(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The brightness of RGB images: uint8 `(..., 3)` to `(..., 1)`, as Pillow's mode `L` has it."""
    return np.asarray((images.astype(np.int64) @ _LUMA + 0x8000) >> 16, np.uint8)[..., np.newaxis]


def chroma(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colour of RGB images, blue and red less brightness: uint8 `(..., 3)` to `(..., 2)`; 128 is grey."""
    return np.asarray(np.clip(np.rint(images @ _TO_CHROMA.T + MIDDLE), 0, 255), np.uint8)


def recolour(brightness: NDArray[np.uint8], colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put brightness `(..., 1)` and chroma `(..., 2)` together: uint8 `(..., 3)`.

    A colour that no screen could show at this brightness is paled until one can, so that `luma` of the result is the
    brightness to within one level.
    """
    grey = brightness.astype(np.float64)
    away = (colours.astype(np.float64) - MIDDLE) @ _FROM_CHROMA.T
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(away > 0, (255.0 - grey) / away, np.where(away < 0, -grey / away, 1.0))
    mixed: NDArray[np.uint8] = np.rint(grey + away * np.minimum(room.min(axis=-1, keepdims=True), 1.0)).astype(np.uint8)
    return mixed


def is_grey(images: NDArray[np.uint8]) -> bool:
    """Whether no image `(n, h, w, c)` has any colour."""
    return images.shape[-1] < 3 or bool((images[..., :1] == images[..., 1:3]).all())
