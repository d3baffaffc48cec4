"""Lossy image formats at a given number of bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

FORMATS: Mapping[str, Mapping[str, Any]] = MappingProxyType({"JPEG": {"optimize": True}, "WebP": {}})
"""Pillow's options for each format."""
MOST_QUALITY = 95
"""Pillow advises against higher ones."""
_BLOCK = 16


@dataclass(frozen=True, eq=False)
class CodedImages:
    """Images that were stored in a format and read again.

    Attributes:
        images: What was read, uint8 `(n, h, w, c)`.
        quality: The quality that they were stored with, 1 to 95.
        bytes_per_image: The bytes of the file for each image.
    """

    images: Pixels
    quality: int
    bytes_per_image: float


def code_within(images: Pixels, name: str, bytes_per_image: float) -> CodedImages:
    """Store images in a format at the highest quality that takes no more than a number of bytes.

    One file holds all images as tiles, so that its head is shared.  Tiles are extended to whole blocks of 16 pixels, so
    that no block holds two images.

    Args:
        images: uint8 `(n, h, w, c)`, grey or RGB.
        name: A key of `FORMATS`.
        bytes_per_image: The bytes for each image; where even the lowest quality takes more, that is used.
    """
    count, height, width, _ = images.shape
    edges = [(0, 0), (0, -height % _BLOCK), (0, -width % _BLOCK), (0, 0)]
    padded = np.pad(images, edges, mode="edge")
    tiles = joined(padded)
    low, high = 1, MOST_QUALITY
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if len(_encode(tiles, name, middle)) <= bytes_per_image * count else (low, middle - 1)
        )
    content = _encode(tiles, name, low)
    back = parted(_decode(content, images.shape[3]), padded)[:, :height, :width]
    return CodedImages(back, low, len(content) / count)


def joined(images: Pixels) -> Pixels:
    """Images `(n, h, w, c)` as the tiles of one, nearly square; black where there are none."""
    count, height, width, channels = images.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height, width, channels), np.uint8)
    tiles[:count] = images
    grid = tiles.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return grid.reshape(rows * height, columns * width, channels)


def parted(image: Pixels, like: Pixels) -> Pixels:
    """The tiles of what `joined` made of the images `like`, `(n, h, w, c)`."""
    count, height, width, channels = like.shape
    rows, columns = image.shape[0] // height, image.shape[1] // width
    grid = image.reshape(rows, height, columns, width, channels).transpose(0, 2, 1, 3, 4)
    return grid.reshape(-1, height, width, channels)[:count]


def _encode(image: Pixels, name: str, quality: int) -> bytes:
    from PIL import Image

    out = BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(out, name, quality=quality, **FORMATS[name])
    return out.getvalue()


def _decode(content: bytes, channels: int) -> Pixels:
    from PIL import Image

    with Image.open(BytesIO(content)) as image:
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.uint8)
    return pixels.reshape(*pixels.shape[:2], channels)
