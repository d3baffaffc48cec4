"""The rounded codes of some images, as bytes."""

import struct
from dataclasses import dataclass

import numpy as np

from isthmus.codec.lossy.coder import Marks, decode_marks, encode_marks, require_room
from isthmus.codec.lossy.grid import Grid
from isthmus.errors import ArchiveError, UsageError

MOST_IMAGES = (1 << 24) - 1
MOST_NUMBERS = 1 << 28
"""In all codes together."""
MOST_DIM = 1 << 13
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
        """The number of images, of a code's numbers and of the grid's bytes; the grid; the marks.

        Raises:
            UsageError: If there are more than could be read again.
        """
        if not _fits(*self.marks.shape):
            raise UsageError(
                f"expected codes of 1 to {MOST_IMAGES} images, of {MOST_DIM} numbers at most and of {MOST_NUMBERS} in "
                f"all; got {self.marks.shape[0]} of {self.marks.shape[1]}"
            )
        grid = self.grid.to_bytes()
        words = encode_marks(self.marks, self.grid.widths).astype("<u4").tobytes()
        return _HEAD.pack(len(self.marks), self.grid.dim, len(grid)) + grid + words

    @classmethod
    def from_bytes(cls, content: bytes, dim: int) -> "Message":
        """Read what `to_bytes` gave, of codes of `dim` numbers.

        Raises:
            ArchiveError: If it is damaged, or of other codes.
        """
        outline = Outline.of(content)
        if outline.grid.dim != dim:
            raise ArchiveError(
                f"expected codes of {dim} numbers, as the run has; the file has codes of {outline.grid.dim}."
            )
        words = np.frombuffer(outline.words, "<u4").astype(np.uint32)
        return cls(outline.grid, decode_marks(words, outline.grid.widths, outline.count))


@dataclass(frozen=True, eq=False)
class Outline:
    """What a message says of itself without its marks.

    Attributes:
        count: The images.
        grid: Of all of them.
        words: The marks, as bytes.
    """

    count: int
    grid: Grid
    words: bytes

    @classmethod
    def of(cls, content: bytes) -> "Outline":
        """Read as much of what `Message.to_bytes` gave.

        Raises:
            ArchiveError: If it is damaged, or tells of more images than its bytes can hold.
        """
        if len(content) < _HEAD.size:
            raise ArchiveError("the rounded codes are truncated.")
        count, dim, size = _HEAD.unpack_from(content)
        words = content[_HEAD.size + size :]
        if len(words) % 4 or not _fits(count, dim):
            raise ArchiveError("the rounded codes are damaged or truncated.")
        grid = Grid.from_bytes(content[_HEAD.size : _HEAD.size + size], dim)
        require_room(len(words) // 4, grid.widths, count)
        return cls(count, grid, words)


def _fits(count: int, dim: int) -> bool:
    """Whether a file may hold so many codes of so many numbers."""
    return 0 < count <= MOST_IMAGES and 0 < dim <= MOST_DIM and count * dim <= MOST_NUMBERS
