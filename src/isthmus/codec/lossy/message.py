"""The quantised codes of some images, as bytes."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.lossy.coder import Quantised, decode, encode, require_room
from isthmus.codec.lossy.grid import Grid
from isthmus.errors import ArchiveError, UsageError

MOST_IMAGES = (1 << 24) - 1
MOST_NUMBERS = 1 << 28
"""Numbers in all codes together, at most."""
MOST_DIM = 1 << 13
_HEAD = struct.Struct("<IHH")


@dataclass(frozen=True, eq=False)
class Message:
    """Quantised codes, entropy-coded, and the grid that they are quantised to.

    Attributes:
        count: The number of images.
        grid: The grid of all images.
        words: The entropy-coded codes, uint32 `(m,)`.
    """

    count: int
    grid: Grid
    words: NDArray[np.uint32]

    @classmethod
    def of(cls, grid: Grid, quantised: Quantised) -> "Message":
        """Encode quantised codes `(n, dim)`.

        Raises:
            UsageError: If there are more than a reader accepts.
        """
        count, dim = quantised.shape
        if not _fits(count, dim):
            raise UsageError(
                f"expected codes of 1 to {MOST_IMAGES} images, of {MOST_DIM} numbers at most and of {MOST_NUMBERS} in "
                f"all; got {count} of {dim}"
            )
        return cls(count, grid, encode(quantised, grid.widths))

    def quantised(self) -> Quantised:
        """The quantised codes `(count, dim)`.

        Raises:
            ArchiveError: If they are damaged.
        """
        return decode(self.words, self.grid.widths, self.count)

    def to_bytes(self) -> bytes:
        """The number of images, the latent dimensions and the bytes of the grid; the grid; the codes."""
        grid = self.grid.to_bytes()
        return _HEAD.pack(self.count, self.grid.dim, len(grid)) + grid + self.words.astype("<u4").tobytes()

    @classmethod
    def from_bytes(cls, content: bytes, dim: int | None = None) -> "Message":
        """Read what `to_bytes` gave.

        Args:
            content: The bytes.
            dim: The expected latent dimensions; None for any.

        Raises:
            ArchiveError: If it is damaged, has other dimensions, or claims more images than its bytes can hold.
        """
        if len(content) < _HEAD.size:
            raise ArchiveError("the quantised codes are truncated.")
        count, dimensions, size = _HEAD.unpack_from(content)
        words = content[_HEAD.size + size :]
        if len(words) % 4 or not _fits(count, dimensions):
            raise ArchiveError("the quantised codes are damaged or truncated.")
        grid = Grid.from_bytes(content[_HEAD.size : _HEAD.size + size], dimensions)
        require_room(len(words) // 4, grid.widths, count)
        if dim is not None and dimensions != dim:
            raise ArchiveError(f"expected codes of {dim} dimensions, as the run has; the file has {dimensions}.")
        return cls(count, grid, np.frombuffer(words, "<u4").astype(np.uint32))


def _fits(count: int, dim: int) -> bool:
    """Whether a file may hold codes of this number of images and dimensions."""
    return 0 < count <= MOST_IMAGES and 0 < dim <= MOST_DIM and count * dim <= MOST_NUMBERS
