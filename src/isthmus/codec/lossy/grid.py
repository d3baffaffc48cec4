"""The steps to which codes are quantised, and how widely the quantised codes scatter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.lossy.coder import Quantised, decode, encode
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
    """The grid of all images of a file; each array is whole numbers `(dim,)`.

    Attributes:
        steps: The distance between neighbouring values of a latent dimension is 2^(step / 8).
        centres: The value that is quantised to 0, in such distances.
        widths: The standard deviation of the quantised values is 2^(width / 8).
    """

    steps: NDArray[np.int64]
    centres: NDArray[np.int64]
    widths: NDArray[np.int64]

    @property
    def dim(self) -> int:
        """The latent dimensions."""
        return len(self.steps)

    def quantise(self, codes: NDArray[np.floating]) -> Quantised:
        """Quantise codes `(n, dim)` to the nearest values: int32 of that shape."""
        quantised = np.rint(np.asarray(codes, np.float64) / self._distances) - self.centres
        return np.clip(quantised, -REACH, REACH - 1).astype(np.int32)

    def dequantise(self, quantised: Quantised) -> NDArray[np.float32]:
        """The codes `(n, dim)` that quantised codes stand for."""
        codes = np.empty(quantised.shape, np.float32)
        for dimension, (centre, distance) in enumerate(zip(self.centres, self._distances, strict=True)):
            codes[:, dimension] = (quantised[:, dimension] + centre) * distance
        return codes

    def to_bytes(self) -> bytes:
        """A byte or two for each latent dimension, and fewer for inactive ones."""
        # Dimensions that scatter alike have the same sum of step and width.
        high, low = (self.centres + _HALF) // (2 * _HALF), (self.centres + _HALF) % (2 * _HALF) - _HALF
        columns = np.stack([self.steps, self.steps + self.widths, low, high], axis=1)
        middles = np.median(columns, axis=0).astype(np.int64)
        rest = columns - middles
        spreads = np.maximum(np.sqrt(np.mean(np.square(rest), axis=0)), 2.0 ** (LEAST_WIDTH / OCTAVE))
        widths = np.clip(np.rint(np.log2(spreads) * OCTAVE), LEAST_WIDTH, MOST_WIDTH).astype(np.int64)
        words = encode(rest.astype(np.int32), widths).astype("<u4")
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
        steps, sums, low, high = (decode(words, spreads, dim) + middles).T
        _check_widths(sums - steps)
        if (np.abs(steps) > -_LEAST_STEP).any():
            raise ArchiveError("the grid of the codes is damaged: a step is out of range.")
        return cls(steps, high * 2 * _HALF + low, sums - steps)

    @property
    def _distances(self) -> Floats:
        return np.asarray(np.exp2(self.steps / OCTAVE), np.float64)


def fit_grid(tolerances: Floats, means: Floats, deviations: Floats, coarseness: float) -> Grid:
    """Fit a grid to codes.

    Args:
        tolerances: The error of each latent dimension that hardly changes the decoded image, `(dim,)`.
        means: Mean of each dimension over the images, `(dim,)`.
        deviations: Standard deviation of each dimension over the images, `(dim,)`.
        coarseness: The distance between neighbouring values, in tolerances.
    """
    # A distance is at least a 64th of the deviation, so that REACH is enough, and the centre fits its 16 bits.
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
