"""Where a code's numbers are rounded to, and how wide they scatter there: what coder and decoder have to agree on."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import ArchiveError

Marks = NDArray[np.int32]
Floats = NDArray[np.float64]

OCTAVE = 8
"""Sizes of steps, and widths, from one doubling to the next."""
REACH = 512
"""Marks lie from -512 to 511."""
LEAST_WIDTH, MOST_WIDTH = -8 * OCTAVE, 6 * OCTAVE
"""Widths that a grid can tell: a standard deviation of 1/256 to 64 steps."""
_LEAST_STEP, _MOST_STEP = -128, 127
_BYTES = 6
_RAW = -15  # zlib without its own head and checksum


@dataclass(frozen=True)
class Grid:
    """One for all images of a file; each array is whole numbers `(dim,)`.

    Attributes:
        steps: The distance between marks, as 2^(step / 8).
        centres: Where the mark 0 lies, in distances from 0.
        widths: The standard deviation of the marks, as 2^(width / 8).
    """

    steps: NDArray[np.int64]
    centres: NDArray[np.int64]
    widths: NDArray[np.int64]

    @property
    def dim(self) -> int:
        """The numbers in a code."""
        return len(self.steps)

    def marks(self, codes: NDArray[np.floating]) -> Marks:
        """The nearest marks to codes `(n, dim)`, int32 of that shape."""
        marks = np.rint(np.asarray(codes, np.float64) / self._distances) - self.centres
        return np.clip(marks, -REACH, REACH - 1).astype(np.int32)

    def codes(self, marks: Marks) -> NDArray[np.float32]:
        """The codes `(n, dim)` that marks stand for."""
        return np.asarray((marks + self.centres) * self._distances, np.float32)

    def to_bytes(self) -> bytes:
        """A byte or two for each number of a code, and fewer for numbers that carry nothing."""
        # Numbers that scatter alike have widths that mirror their steps: the sums repeat themselves, and pack well.
        columns = np.stack([self.steps, self.steps + self.widths, self.centres]).astype("<i2")
        packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
        return packer.compress(columns.view(np.uint8).reshape(3, -1, 2).transpose(0, 2, 1).tobytes()) + packer.flush()

    @classmethod
    def from_bytes(cls, content: bytes, dim: int) -> "Grid":
        """Read what `to_bytes` gave.

        Raises:
            ArchiveError: If it is damaged.
        """
        unpacker = zlib.decompressobj(_RAW)
        try:
            raw = unpacker.decompress(content, _BYTES * dim + 1)
        except zlib.error as error:
            raise ArchiveError(f"the grid of the codes is damaged ({error}).") from None
        if len(raw) != _BYTES * dim or not unpacker.eof:
            raise ArchiveError("the grid of the codes is damaged: it is of another size.")
        halves = np.frombuffer(raw, np.uint8).reshape(3, 2, dim).transpose(0, 2, 1)
        steps, sums, centres = np.ascontiguousarray(halves).view("<i2")[..., 0].astype(np.int64)
        widths = sums - steps
        if (widths < LEAST_WIDTH).any() or (widths > MOST_WIDTH).any() or (np.abs(steps) > -_LEAST_STEP).any():
            raise ArchiveError("the grid of the codes is damaged: a step or a width cannot be.")
        return cls(steps, centres, widths)

    @property
    def _distances(self) -> Floats:
        return np.asarray(np.exp2(self.steps / OCTAVE), np.float64)


def fit_grid(tolerances: Floats, means: Floats, deviations: Floats, coarseness: float) -> Grid:
    """The grid for codes of these means and standard deviations.

    Args:
        tolerances: How far each number may be off before the decoder minds, `(dim,)`; only their ratios to one another
            and to `coarseness` matter.
        means: Of each number over the images.
        deviations: Of each number over the images, from its mean.
        coarseness: The distance between marks, in tolerances.
    """
    # No finer than what REACH holds: a distance is at least a 64th of the deviation.
    least = deviations / 2.0 ** (MOST_WIDTH / OCTAVE)
    distances = np.maximum(coarseness * tolerances, np.maximum(least, 2.0 ** (_LEAST_STEP / OCTAVE)))
    steps = np.clip(np.ceil(np.log2(distances) * OCTAVE), _LEAST_STEP, _MOST_STEP)
    distances = np.exp2(steps / OCTAVE)
    ratios = np.maximum(deviations / distances, 2.0 ** (LEAST_WIDTH / OCTAVE))
    widths = np.clip(np.rint(np.log2(ratios) * OCTAVE), LEAST_WIDTH, MOST_WIDTH)
    centres = np.clip(np.rint(means / distances), -(2**15), 2**15 - 1)
    return Grid(steps.astype(np.int64), centres.astype(np.int64), widths.astype(np.int64))
