"""Images that no model codes: a file as it is, or pixels packed plainly."""

import lzma
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.coder.integers import inflate
from isthmus.errors import ArchiveError

UInt8 = NDArray[np.uint8]
Shape = tuple[int, int, int]
_PLAIN, _DIFFERENCES = 0, 1
_LEAST_DICTIONARY, _DICTIONARY = 1 << 12, 1 << 23
"""Bytes that a stream of files looks back; writing takes about twelve times as much memory, reading once."""
_WINDOW = 1 << 15
"""Bytes that zlib looks back."""
_MEMORY = 1 << 24
"""Bytes that reading such a stream may take."""
_WORTHWHILE = 0.98
"""Files are packed if zlib's fastest way makes less than this of them: xz takes a second for each few megabytes."""


@dataclass(frozen=True)
class Escaped:
    """Where some images of a chunk lie that are not coded.

    Attributes:
        places: Which of the chunk's images they are.
        shape: Height, width and channels of each; None for files, which are kept byte by byte.
        sizes: The bytes: of all pixels together, or of each file.
        packed: The bytes of the stream that all files are packed in; None if they are stored as they are.
    """

    places: tuple[int, ...]
    shape: Shape | None
    sizes: tuple[int, ...]
    packed: int | None = None

    @property
    def stored(self) -> int:
        """The bytes that they take in the chunk."""
        return sum(self.sizes) if self.packed is None else self.packed


def pack_pixels(images: UInt8) -> bytes:
    """Pack images `(n, h, w, c)`: as they are or as differences from the left, whichever zlib makes smaller."""
    ways = (images, difference(images))
    packed = [bytes([way]) + zlib.compress(pixels.tobytes(), 9) for way, pixels in enumerate(ways)]
    return min(packed, key=len)


def unpack_pixels(content: bytes, count: int, shape: Shape) -> UInt8:
    """Give back images `(count, *shape)`.

    Raises:
        ArchiveError: If they are damaged.
    """
    raw = inflate(content[1:], count * shape[0] * shape[1] * shape[2])
    pixels = np.frombuffer(raw, np.uint8).reshape(count, *shape)
    if content[0] == _PLAIN:
        return pixels
    return np.cumsum(pixels, axis=2, dtype=np.uint8)


def pack_files(files: Sequence[bytes]) -> bytes | None:
    """Pack files as one xz stream, where what they have in common is told once; None if that is hardly smaller."""
    raw = b"".join(files)
    if len(zlib.compress(raw, 1)) >= _WORTHWHILE * len(raw):
        return None
    size = min(max(len(raw), _LEAST_DICTIONARY), _DICTIONARY)
    chain = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": size}]
    packed = lzma.compress(raw, check=lzma.CHECK_NONE, filters=chain)
    return packed if len(packed) < len(raw) else None


def unpack_files(content: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Give back files of these sizes.

    Raises:
        ArchiveError: If they are damaged.
    """
    total = sum(sizes)
    reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MEMORY)
    try:
        raw = reader.decompress(content, total + 1)
    except lzma.LZMAError as error:
        raise ArchiveError(f"packed files are damaged ({error}).") from None
    if len(raw) != total or not reader.eof or reader.unused_data:
        raise ArchiveError(f"packed files are damaged: expected {total:,} bytes.")
    return split(raw, sizes)


def split(content: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut bytes into parts of these sizes, one behind another."""
    return [content[end - size : end] for end, size in zip(accumulate(sizes), sizes, strict=True)]


def shared_size(file: bytes, neighbour: bytes) -> int:
    """About how many bytes a file adds to a stream that a file like it is in already."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=neighbour[-_WINDOW:])
    return min(len(packer.compress(file)) + len(packer.flush()), len(file))


def difference(images: UInt8) -> UInt8:
    """Each pixel less the one to its left, modulo 256; the first of a row as it is."""
    left = np.zeros_like(images)
    left[:, :, 1:] = images[:, :, :-1]
    return images - left


def by_shape(images: Sequence[tuple[int, UInt8]]) -> dict[Shape, list[tuple[int, UInt8]]]:
    """Images, with their places, sorted by shape."""
    groups: dict[Shape, list[tuple[int, UInt8]]] = {}
    for place, image in images:
        height, width, channels = image.shape
        groups.setdefault((height, width, channels), []).append((place, image))
    return groups
