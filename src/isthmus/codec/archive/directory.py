"""The directory of a chunk: its images and their positions, readable without decoding it."""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.codec.archive.escape import Escaped, Shape
from isthmus.codec.archive.names import from_runs, to_runs
from isthmus.codec.archive.records import Record, RecordReader
from isthmus.codec.coder.bits_back import block_limit
from isthmus.codec.packed_json import from_json, whole
from isthmus.errors import ArchiveError, DataError

MOST_IMAGES = 1 << 16
"""Images in a chunk, at most."""
MOST_NUMBERS = 1 << 28
"""Numbers in the images of a chunk plus bytes of its files, at most: as many as the largest image file that is read."""
MOST_TEXT = 1 << 25
"""Bytes of the directory's JSON, and characters in its names, at most."""
_MOST_VALUES = 20 * MOST_IMAGES
"""Values in the directory's JSON, at most: a name takes up to six, a group of one image twelve, a block one."""
_LENGTH = 4
"""Bytes of the directory's length."""


@dataclass(frozen=True, eq=False)
class Directory:
    """The directory of a chunk.

    Attributes:
        first: The number of its first image in the archive.
        names: Names of its images.
        blocks: The number of images in each block on the stack.
        words: The number of words of the stack.
        escaped: Images that are not coded.
        check: CRC-32 over the pixels and files of all images.
    """

    first: int
    names: Sequence[str]
    blocks: tuple[int, ...]
    words: int
    escaped: tuple[Escaped, ...]
    check: int

    @property
    def coded(self) -> int:
        """Images that the model coded."""
        return sum(self.blocks)

    def shapes(self, shape: Shape) -> list[Shape | None]:
        """The shape of each image, given the model's; None for files."""
        found: list[Shape | None] = [shape] * len(self.names)
        for group in self.escaped:
            for place in group.places:
                found[place] = group.shape
        return found

    def require_size(self, directory: int, chunk: int) -> None:
        """Check that the sizes in it add up to the chunk's.

        Args:
            directory: Bytes of the directory, including its length.
            chunk: Bytes of the whole chunk.

        Raises:
            ArchiveError: If they do not.
        """
        expected = directory + 4 * self.words + sum(group.stored for group in self.escaped)
        if expected != chunk:
            raise ArchiveError(
                f"a chunk's directory is damaged: expected {expected} bytes in the chunk; it has {chunk}."
            )

    def to_bytes(self) -> bytes:
        """The length of the compressed directory, and the directory.

        Raises:
            DataError: If its names are longer than readers accept.
        """
        description = {
            "first": self.first,
            "images": len(self.names),
            "names": to_runs(self.names),
            "blocks": self.blocks,
            "words": self.words,
            "escaped": [_described(group) for group in self.escaped],
            "check": self.check,
        }
        text = json.dumps(description, separators=(",", ":")).encode()
        if len(text) >= MOST_TEXT or sum(map(len, self.names)) > MOST_TEXT:
            raise DataError(
                f"the names of {len(self.names)} images are too long for one chunk, from {self.names[0]!r:.200} on. "
                "Use fewer images for each chunk: --chunk-images"
            )
        packed = zlib.compress(text, 9)
        return len(packed).to_bytes(_LENGTH, "little") + packed

    @classmethod
    def from_bytes(cls, content: bytes, shape: Shape) -> "Directory":
        """Read what `to_bytes` gave.

        Args:
            content: The chunk, or its beginning with the whole directory.
            shape: Height, width and channels of the images that the model codes.

        Raises:
            ArchiveError: If it is damaged or impossible: it may come from an untrusted source.
        """
        packed = content[_LENGTH : directory_size(content)]
        description = from_json(packed, "a chunk's directory", most_bytes=MOST_TEXT, most_values=_MOST_VALUES)
        try:
            return _parse(description, shape)
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError(f"a chunk's directory is damaged ({error}).") from None


def directory_size(content: bytes) -> int:
    """Bytes of the directory at the beginning of a chunk, including its length."""
    return _LENGTH + int.from_bytes(content[:_LENGTH], "little")


def directory_at(reader: RecordReader, record: Record, shape: Shape) -> Directory:
    """Read only the directory of a chunk; the checksum of the chunk is not verified.

    Raises:
        ArchiveError: If it is damaged.
    """
    size = directory_size(reader.beginning(record, _LENGTH))
    directory = Directory.from_bytes(reader.beginning(record, size), shape)
    directory.require_size(size, record.length)
    return directory


def _parse(entry: Mapping[str, Any], shape: Shape) -> Directory:
    count, first = whole(entry["images"], MOST_IMAGES + 1), whole(entry["first"])
    words, check = whole(entry["words"]), whole(entry["check"], 1 << 32)
    blocks = tuple(whole(block) for block in entry["blocks"])
    limit = block_limit(math.prod(shape))
    if any(not 1 <= block <= limit for block in blocks):
        raise ValueError(f"expected blocks of 1 to {limit} images")
    taken = np.zeros(count, bool)
    escaped = tuple(_escaped(group, taken) for group in entry["escaped"])
    if not count or sum(blocks) + int(taken.sum()) != count:
        raise ValueError("the number of its images differs from the number of its places")
    numbers = sum(blocks) * math.prod(shape) + sum(
        sum(group.sizes) if group.shape is None else math.prod(group.shape) * len(group.places) for group in escaped
    )
    if numbers > MOST_NUMBERS:
        raise ValueError(f"its images have {numbers} numbers")
    return Directory(first, from_runs(entry["names"], count, MOST_TEXT), blocks, words, escaped, check)


def _described(group: Escaped) -> dict[str, Any]:
    entry = {"places": _as_ranges(group.places), "shape": group.shape, "sizes": group.sizes}
    return entry if group.packed is None else {**entry, "packed": group.packed}


def _escaped(group: Mapping[str, Any], taken: np.ndarray[Any, Any]) -> Escaped:
    """A group of images that are not coded; sets their places in `taken`, `(images,)`, which must not be set yet."""
    places: list[int] = []
    for start, stop in group["places"]:
        if not whole(start) < whole(stop) <= len(taken) or taken[start:stop].any():
            raise ValueError("its places are outside the chunk or taken twice")
        taken[start:stop] = True
        places += range(start, stop)
    sizes = tuple(whole(size) for size in group["sizes"])
    shape: Shape | None = None
    if group["shape"] is not None:
        height, width, channels = (whole(side) for side in group["shape"])
        shape = (height, width, channels)
    if not places or len(sizes) != (len(places) if shape is None else 1):
        raise ValueError("its places are outside the chunk or taken twice")
    if shape is not None and min(shape) < 1:
        raise ValueError(f"an image of shape {shape}")
    packed = None if group.get("packed") is None else whole(group["packed"])
    if packed is not None and shape is not None:
        raise ValueError("only files are packed in one stream")
    return Escaped(tuple(places), shape, sizes, packed)


def _as_ranges(places: Sequence[int]) -> list[list[int]]:
    """Places as ranges, each from its first place to the one after its last."""
    ranges: list[list[int]] = []
    for place in places:
        if ranges and ranges[-1][1] == place:
            ranges[-1][1] += 1
        else:
            ranges.append([place, place + 1])
    return ranges
