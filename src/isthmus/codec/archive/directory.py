"""The directory of a chunk: which images are in it and where they lie, readable without decoding it."""

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
"""Images in a chunk."""
MOST_NUMBERS = 1 << 28
"""Numbers in the images of a chunk, and bytes in its files: as many as the largest image file that is read."""
MOST_TEXT = 1 << 25
"""Bytes of the directory's JSON, and characters in its names."""
_MOST_VALUES = 20 * MOST_IMAGES
"""Of the directory's JSON: a name takes six at most, a group of one image twelve, a block one."""
_LENGTH = 4
"""Bytes that tell how long the directory is."""


@dataclass(frozen=True, eq=False)
class Directory:
    """What a chunk says of itself without being decoded.

    Attributes:
        first: The number of its first image in the archive.
        names: Of its images.
        blocks: The images of each block on the stack.
        words: Of the stack.
        escaped: The images that are not coded.
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
        """Check the sizes that it tells against the chunk's.

        Args:
            directory: Bytes of the directory and its length.
            chunk: Bytes of the whole chunk.

        Raises:
            ArchiveError: If they differ.
        """
        told = directory + 4 * self.words + sum(group.stored for group in self.escaped)
        if told != chunk:
            raise ArchiveError(f"a chunk's directory is damaged: expected {told} bytes in the chunk; it has {chunk}.")

    def to_bytes(self) -> bytes:
        """The directory, packed, behind its length.

        Raises:
            DataError: If its names are too long to be read again.
        """
        told = {
            "first": self.first,
            "images": len(self.names),
            "names": to_runs(self.names),
            "blocks": self.blocks,
            "words": self.words,
            "escaped": [_described(group) for group in self.escaped],
            "check": self.check,
        }
        text = json.dumps(told, separators=(",", ":")).encode()
        if len(text) >= MOST_TEXT or sum(map(len, self.names)) > MOST_TEXT:
            raise DataError(
                f"the names of {len(self.names)} images are too long for one chunk, from {self.names[0]!r:.200} on. "
                "Take fewer images for each chunk: --chunk-images"
            )
        packed = zlib.compress(text, 9)
        return len(packed).to_bytes(_LENGTH, "little") + packed

    @classmethod
    def from_bytes(cls, content: bytes, shape: Shape) -> "Directory":
        """Read what `to_bytes` gave.

        Args:
            content: The chunk, or as much of it as holds the directory.
            shape: Of the images that the model codes.

        Raises:
            ArchiveError: If it is damaged, or says what is impossible: it may come from an untrusted source.
        """
        packed = content[_LENGTH : directory_size(content)]
        told = from_json(packed, "a chunk's directory", most_bytes=MOST_TEXT, most_values=_MOST_VALUES)
        try:
            directory = _parse(told, shape)
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError(f"a chunk's directory is damaged ({error}).") from None
        return directory


def directory_size(content: bytes) -> int:
    """Bytes of a chunk's directory and its length, which the chunk begins with."""
    return _LENGTH + int.from_bytes(content[:_LENGTH], "little")


def directory_at(reader: RecordReader, record: Record, shape: Shape) -> Directory:
    """Read a chunk's directory alone; the checksum of the chunk is not checked.

    Raises:
        ArchiveError: If it is damaged.
    """
    size = directory_size(reader.beginning(record, _LENGTH))
    directory = Directory.from_bytes(reader.beginning(record, size), shape)
    directory.require_size(size, record.length)
    return directory


def _parse(told: Mapping[str, Any], shape: Shape) -> Directory:
    count, first = whole(told["images"], MOST_IMAGES + 1), whole(told["first"])
    words, check = whole(told["words"]), whole(told["check"], 1 << 32)
    blocks = tuple(whole(block) for block in told["blocks"])
    limit = block_limit(math.prod(shape))
    if any(not 1 <= block <= limit for block in blocks):
        raise ValueError(f"expected blocks of 1 to {limit} images")
    taken = np.zeros(count, bool)
    escaped = tuple(_escaped(group, taken) for group in told["escaped"])
    if not count or sum(blocks) + int(taken.sum()) != count:
        raise ValueError("the number of its images differs from the number of its places")
    numbers = sum(blocks) * math.prod(shape) + sum(
        sum(group.sizes) if group.shape is None else math.prod(group.shape) * len(group.places) for group in escaped
    )
    if numbers > MOST_NUMBERS:
        raise ValueError(f"its images have {numbers} numbers")
    return Directory(first, from_runs(told["names"], count, MOST_TEXT), blocks, words, escaped, check)


def _described(group: Escaped) -> dict[str, Any]:
    told = {"places": _as_ranges(group.places), "shape": group.shape, "sizes": group.sizes}
    return told if group.packed is None else {**told, "packed": group.packed}


def _escaped(group: Mapping[str, Any], taken: np.ndarray[Any, Any]) -> Escaped:
    """Images that are not coded; which they are is marked in `taken`, of `(images,)`, and may not be yet."""
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
    """Places as ranges, each from its first place to the one behind its last."""
    ranges: list[list[int]] = []
    for place in places:
        if ranges and ranges[-1][1] == place:
            ranges[-1][1] += 1
        else:
            ranges.append([place, place + 1])
    return ranges
