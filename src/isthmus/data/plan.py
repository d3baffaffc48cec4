"""The one order of images: which of them make which step."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import UsageError


@dataclass(frozen=True)
class BatchPlan:
    """One shuffled pass over the images after another, cut into full batches.

    Batches run on across the ends of passes, so every batch is full and every image is seen equally often.  Any step
    can be made at any time, and has the same images each time: a resumed training continues where it stopped.

    Args:
        seed: Fixes every pass, not negative.
        length: The number of images.
        batch_size: The images a step, which may be more than there are.

    Raises:
        UsageError: If `seed` is negative, or `length` or `batch_size` is not positive.
    """

    seed: int
    length: int
    batch_size: int

    def __post_init__(self) -> None:
        if self.seed < 0 or min(self.length, self.batch_size) < 1:
            raise UsageError(
                "expected a seed from 0, and at least one image and one image a batch; "
                f"got seed {self.seed}, {self.length} images and batches of {self.batch_size}"
            )

    def indices(self, step: int) -> NDArray[np.int64]:
        """Say which images make a step, counted from 0 over the whole training: `(batch_size,)`.

        Raises:
            UsageError: If `step` is negative.
        """
        if step < 0:
            raise UsageError(f"expected a step from 0; got {step}")
        number, offset = divmod(step * self.batch_size, self.length)
        parts, missing = [], self.batch_size
        while missing > 0:
            part = _permutation(self.seed, self.length, number)[offset : offset + missing]
            parts.append(part)
            missing -= len(part)
            number, offset = number + 1, 0
        return np.concatenate(parts)


@lru_cache(maxsize=4)
def _permutation(seed: int, length: int, number: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, number]).permutation(length).astype(np.int64, copy=False)
