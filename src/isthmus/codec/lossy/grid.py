"""Where a code's numbers are rounded to, and how wide they scatter there: what coder and decoder have to agree on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.lossy.coder import Marks, decode_marks, encode_marks
from isthmus.codec.lossy.masses import LEAST_WIDTH, MOST_WIDTH, OCTAVE, REACH
from isthmus.errors import ArchiveError

Floats = NDArray[np.float64]

_LEAST_STEP, _MOST_STEP = -128, 127
_MOST_CENTRE = 2**15 - 1
_HALF = 128  # a centre is 256 times its high part, and its low part from -128 to 127
_COLUMNS = 4
_HEAD = 3 * _COLUMNS


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
        found = np.empty(marks.shape, np.float32)
        for place, (centre, distance) in enumerate(zip(self.centres, self._distances, strict=True)):
            found[:, place] = (marks[:, place] + centre) * distance
        return found

    def to_bytes(self) -> bytes:
        """A byte or two for each number of a code, and fewer for numbers that carry nothing."""
        # Numbers that scatter alike have widths that mirror their steps, and sums that are the same.
        high, low = (self.centres + _HALF) // (2 * _HALF), (self.centres + _HALF) % (2 * _HALF) - _HALF
        columns = np.stack([self.steps, self.steps + self.widths, low, high], axis=1)
        middles = np.median(columns, axis=0).astype(np.int64)
        rest = columns - middles
        spreads = np.maximum(np.sqrt(np.mean(np.square(rest), axis=0)), 2.0 ** (LEAST_WIDTH / OCTAVE))
        widths = np.clip(np.rint(np.log2(spreads) * OCTAVE), LEAST_WIDTH, MOST_WIDTH).astype(np.int64)
        words = encode_marks(rest.astype(np.int32), widths).astype("<u4")
        return bytes(middles.astype("<i2").tobytes() + widths.astype(np.int8).tobytes() + words.tobytes())

    @classmethod
    def from_bytes(cls, content: bytes, dim: int) -> "Grid":
        """Read what `to_bytes` gave.

        Raises:
            ArchiveError: If it is damaged.
        """
        if len(content) < _HEAD or (len(content) - _HEAD) % 4:
            raise ArchiveError("the grid of the codes is truncated.")
        middles = np.frombuffer(content[: 2 * _COLUMNS], "<i2").astype(np.int64)
        spreads = np.frombuffer(content[2 * _COLUMNS : _HEAD], np.int8).astype(np.int64)
        _check_widths(spreads)
        words = np.frombuffer(content[_HEAD:], "<u4").astype(np.uint32)
        steps, sums, low, high = (decode_marks(words, spreads, dim) + middles).T
        _check_widths(sums - steps)
        if (np.abs(steps) > -_LEAST_STEP).any():
            raise ArchiveError("the grid of the codes is damaged: a step is out of range.")
        return cls(steps, high * 2 * _HALF + low, sums - steps)

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
    # No finer than what REACH holds: a distance is at least a 64th of the deviation, and the centre can be told.
    least = np.maximum(deviations / 2.0 ** (MOST_WIDTH / OCTAVE), np.abs(means) / _MOST_CENTRE)
    distances = np.maximum(coarseness * tolerances, np.maximum(least, 2.0 ** (_LEAST_STEP / OCTAVE)))
    steps = np.clip(np.ceil(np.log2(distances) * OCTAVE), _LEAST_STEP, _MOST_STEP)
    distances = np.exp2(steps / OCTAVE)
    ratios = np.maximum(deviations / distances, 2.0 ** (LEAST_WIDTH / OCTAVE))
    widths = np.clip(np.rint(np.log2(ratios) * OCTAVE), LEAST_WIDTH, MOST_WIDTH)
    centres = np.clip(np.rint(means / distances), -_MOST_CENTRE, _MOST_CENTRE)
    return Grid(steps.astype(np.int64), centres.astype(np.int64), widths.astype(np.int64))


def _check_widths(widths: NDArray[np.int64]) -> None:
    if (widths < LEAST_WIDTH).any() or (widths > MOST_WIDTH).any():
        raise ArchiveError("the grid of the codes is damaged: a width is out of range.")
