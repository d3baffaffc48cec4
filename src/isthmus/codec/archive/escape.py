"""Images that the model does not code: files as they are, or pixels compressed without it."""

import lzma
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.archive.image import NamedImage
from isthmus.codec.coder.integers import inflate
from isthmus.errors import ArchiveError

UInt8 = NDArray[np.uint8]
Shape = tuple[int, int, int]
_PLAIN, _DIFFERENCES = 0, 1
_LEAST_DICTIONARY, _DICTIONARY = 1 << 12, 1 << 23
"""Bytes of the dictionary of an xz stream; writing takes about twelve times as much memory, reading once."""
_WINDOW = 1 << 15
"""Bytes of zlib's dictionary."""
_MEMORY = 1 << 24
"""Bytes of memory that reading an xz stream may take."""
_WORTHWHILE = 0.98
"""Files are packed if zlib's fastest level makes less than this of them: xz takes a second for a few megabytes."""


@dataclass(frozen=True)
class Escaped:
    """A group of images of a chunk that are not coded.

    Attributes:
        places: The places of the images in the chunk.
        shape: Height, width and channels of each; None for files.
        sizes: The bytes of all pixels together, or of each file.
        packed: The bytes of the stream of all files; None if they are stored as they are.
    """

    places: tuple[int, ...]
    shape: Shape | None
    sizes: tuple[int, ...]
    packed: int | None = None

    @property
    def stored(self) -> int:
        """The bytes of the group in the chunk."""
        return sum(self.sizes) if self.packed is None else self.packed


def escape(images: Mapping[int, NamedImage]) -> list[tuple[Escaped, bytes]]:
    """Pack images by their shape, and files together.

    Args:
        images: The images by their places in the chunk, in order.
    """
    shapes: dict[Shape, list[int]] = {}
    files: dict[int, bytes] = {}
    for place, image in images.items():
        if image.pixels is None:
            files[place] = image.file or b""
        else:
            height, width, channels = image.pixels.shape
            shapes.setdefault((height, width, channels), []).append(place)
    groups = []
    for shape, places in shapes.items():
        content = pack_pixels(np.stack([pixels for place in places if (pixels := images[place].pixels) is not None]))
        groups.append((Escaped(tuple(places), shape, (len(content),)), content))
    if files:
        packed = pack_files([*files.values()])
        content = b"".join(files.values()) if packed is None else packed
        sizes = tuple(map(len, files.values()))
        groups.append((Escaped(tuple(files), None, sizes, None if packed is None else len(packed)), content))
    return groups


def pack_pixels(images: UInt8) -> bytes:
    """Pack images `(n, h, w, c)`: as they are or as differences from the left, whichever zlib makes smaller."""
    filtered = {_PLAIN: images, _DIFFERENCES: difference(images)}
    packed = [bytes([kind]) + zlib.compress(pixels.tobytes(), 9) for kind, pixels in filtered.items()]
    return min(packed, key=len)


def unpack_pixels(content: bytes, count: int, shape: Shape) -> UInt8:
    """Unpack images `(count, *shape)`.

    Raises:
        ArchiveError: If they are damaged.
    """
    raw = inflate(content[1:], count * shape[0] * shape[1] * shape[2])
    pixels = np.frombuffer(raw, np.uint8).reshape(count, *shape)
    if content[0] == _PLAIN:
        return pixels
    return np.cumsum(pixels, axis=2, dtype=np.uint8)


def pack_files(files: Sequence[bytes]) -> bytes | None:
    """Pack files as one xz stream, which stores what they have in common once; None if that is hardly smaller."""
    raw = b"".join(files)
    if len(zlib.compress(raw, 1)) >= _WORTHWHILE * len(raw):
        return None
    size = min(max(len(raw), _LEAST_DICTIONARY), _DICTIONARY)
    chain = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": size}]
    packed = lzma.compress(raw, check=lzma.CHECK_NONE, filters=chain)
    return packed if len(packed) < len(raw) else None


def unpack_files(content: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Unpack files of these sizes.

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
    """Split bytes into consecutive parts of these sizes."""
    return [content[end - size : end] for end, size in zip(accumulate(sizes), sizes, strict=True)]


def shared_size(file: bytes, neighbour: bytes) -> int:
    """About how many bytes a file adds to a stream that already contains a similar file."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=neighbour[-_WINDOW:])
    return min(len(packer.compress(file)) + len(packer.flush()), len(file))


def difference(images: UInt8) -> UInt8:
    """Each pixel minus its left neighbour, modulo 256; the first of a row as it is."""
    left = np.zeros_like(images)
    left[:, :, 1:] = images[:, :, :-1]
    return images - left
