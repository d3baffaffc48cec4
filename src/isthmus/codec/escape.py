"""Images that no model codes: a file as it is, or pixels packed plainly."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.packing import inflate

Pixels = NDArray[np.uint8]
Shape = tuple[int, int, int]
_PLAIN, _DIFFERENCES = 0, 1


@dataclass(frozen=True)
class Escaped:
    """Where some images of a chunk lie that are not coded.

    Attributes:
        places: Which of the chunk's images they are.
        shape: Height, width and channels of each; None for files, which are kept byte by byte.
        sizes: The bytes: of all pixels together, or of each file.
    """

    places: tuple[int, ...]
    shape: Shape | None
    sizes: tuple[int, ...]


def pack_pixels(images: Pixels) -> bytes:
    """Pack images `(n, h, w, c)`: as they are or as differences from the left, whichever zlib makes smaller."""
    ways = (images, difference(images))
    packed = [bytes([way]) + zlib.compress(pixels.tobytes(), 9) for way, pixels in enumerate(ways)]
    return min(packed, key=len)


def unpack_pixels(content: bytes, count: int, shape: Shape) -> Pixels:
    """Give back images `(count, *shape)`.

    Raises:
        ArchiveError: If they are damaged.
    """
    raw = inflate(content[1:], count * shape[0] * shape[1] * shape[2])
    pixels = np.frombuffer(raw, np.uint8).reshape(count, *shape)
    if content[0] == _PLAIN:
        return pixels
    return np.cumsum(pixels, axis=2, dtype=np.uint8)


def difference(images: Pixels) -> Pixels:
    """Each pixel less the one to its left, modulo 256; the first of a row as it is."""
    left = np.zeros_like(images)
    left[:, :, 1:] = images[:, :, :-1]
    return images - left


def by_shape(images: Sequence[tuple[int, Pixels]]) -> dict[Shape, list[tuple[int, Pixels]]]:
    """Images, with their places, sorted by shape."""
    groups: dict[Shape, list[tuple[int, Pixels]]] = {}
    for place, image in images:
        height, width, channels = image.shape
        groups.setdefault((height, width, channels), []).append((place, image))
    return groups
