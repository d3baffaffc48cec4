"""Reading flat tensors by an index."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""Whole numbers, in float64."""
Index: TypeAlias = NDArray[np.int32]
"""Positions in a flat tensor; -1 stands for a zero."""


class Gather:
    """Gathers numbers from flat tensors, in runs of neighbours.

    Args:
        index: Positions of the numbers, `(rows, terms)`.
        size: Numbers in a tensor.
    """

    def __init__(self, index: Index, size: int) -> None:
        self._shape = index.shape
        self._run = run_length(index, size)
        heads = index.reshape(-1)[:: self._run] if index.size else index.reshape(-1)
        blocks = size // self._run
        self._whole = heads.size == blocks and bool((heads == np.arange(blocks) * self._run).all())
        self._padded = bool((heads < 0).any())
        self._heads = np.where(heads < 0, blocks, heads // self._run)

    def __call__(self, x: Floats) -> Floats:
        """Gather from tensors `(images, size)`: `(images, rows, terms)`."""
        if self._whole:
            return x.reshape(len(x), *self._shape)
        blocks = x.reshape(len(x), -1, self._run)
        if self._padded:
            blocks = np.concatenate([blocks, np.zeros((len(x), 1, self._run))], axis=1)
        return blocks.take(self._heads, axis=1).reshape(len(x), *self._shape)


def run_length(index: Index, size: int) -> int:
    """The longest run of neighbours that an index consists of.

    It divides the number of terms, the size and all positions at which runs begin.
    """
    flat = index.reshape(-1)
    if not flat.size:
        return 1
    breaks = np.flatnonzero(np.where((flat[1:] < 0) | (flat[:-1] < 0), flat[1:] != flat[:-1], np.diff(flat) != 1)) + 1
    run = int(np.gcd.reduce(np.array([index.shape[-1], size, *breaks, *flat[np.append(0, breaks)].clip(0)])))
    return max(run, 1)
