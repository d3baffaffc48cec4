"""The rounded codes of some images, as bytes."""

import struct
from dataclasses import dataclass

import numpy as np

from isthmus.codec.lossy.coding import Marks, decode_marks, encode_marks
from isthmus.codec.lossy.grid import Grid
from isthmus.errors import ArchiveError

MOST_IMAGES = 1 << 24
_HEAD = struct.Struct("<IHH")


@dataclass(frozen=True, eq=False)
class Message:
    """Rounded codes and the grid that they are rounded to.

    Attributes:
        grid: Of all images.
        marks: Whole numbers `(n, dim)`.
    """

    grid: Grid
    marks: Marks

    def to_bytes(self) -> bytes:
        """The number of images, of a code's numbers and of the grid's bytes; the grid; the marks."""
        grid = self.grid.to_bytes()
        words = encode_marks(self.marks, self.grid.widths).astype("<u4").tobytes()
        return _HEAD.pack(len(self.marks), self.grid.dim, len(grid)) + grid + words

    @classmethod
    def from_bytes(cls, content: bytes, dim: int) -> "Message":
        """Read what `to_bytes` gave, of codes of `dim` numbers.

        Raises:
            ArchiveError: If it is damaged, or of other codes.
        """
        if len(content) < _HEAD.size:
            raise ArchiveError("the rounded codes are cut off.")
        count, told, size = _HEAD.unpack_from(content)
        words = content[_HEAD.size + size :]
        if told != dim:
            raise ArchiveError(f"expected codes of {dim} numbers, as the run has; the file has codes of {told}.")
        if len(words) % 4 or not 0 < count < MOST_IMAGES:
            raise ArchiveError("the rounded codes are damaged, or cut off.")
        grid = Grid.from_bytes(content[_HEAD.size : _HEAD.size + size], dim)
        return cls(grid, decode_marks(np.frombuffer(words, "<u4").astype(np.uint32), grid.widths, count))
