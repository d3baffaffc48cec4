"""Values that only move: what reshapes, transposes, crops, pads and repeats do, as an index into a buffer.

Exporters say "double this picture" in five ways, and "these channels go last" before and after every convolution.  Here
a tensor is a flat buffer and, for each of its elements, where in the buffer it stands; moving changes the index alone.
Whoever needs the numbers in a certain order asks for the index as a sum of one small table for each axis, which is all
that a page has to be told.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
NOTHING = -1
"""The index of a zero that stands in no buffer: padding."""


@dataclass(frozen=True, eq=False)
class View:
    """A tensor that stands in a buffer.

    Attributes:
        buffer: The buffer's number.
        index: For each element, its place there or `NOTHING`; of the tensor's shape, the batch of one included.
    """

    buffer: int
    index: Index

    @property
    def is_padded(self) -> bool:
        """Whether some elements are zeros from nowhere."""
        return bool((self.index < 0).any())

    def fills(self, length: int) -> bool:
        """Whether each of the buffer's `length` places is an element's, once."""
        return self.index.size == length and bool(np.array_equal(np.sort(self.index, axis=None), np.arange(length)))

    def is_in_order(self, length: int) -> bool:
        """Whether the elements, read along the last axis first, are the buffer."""
        return self.index.size == length and bool(np.array_equal(self.index.ravel(), np.arange(length)))


def tables_of(index: Index) -> list[Index] | None:
    """Take an index apart into a table for each axis, whose sum it is.

    Returns:
        Tables of the lengths of the axes, none of them negative but for `NOTHING`, which makes the whole slice nothing;
        or None where the index is no such sum.
    """
    there = index >= 0
    if not there.any():
        return None
    axes = range(index.ndim)
    kept = [there.any(axis=tuple(other for other in axes if other != axis)) for axis in axes]
    if not np.array_equal(there, reduce(np.logical_and.outer, kept)):
        return None
    anchor = [int(np.argmax(line)) for line in kept]
    tables, base = [], int(index[tuple(anchor)])
    for axis in axes:
        line = index[tuple(slice(None) if other == axis else anchor[other] for other in axes)] - index[tuple(anchor)]
        least = int(line[kept[axis]].min())
        base += least
        tables.append(line - least)
    tables[0] = tables[0] + base
    if not np.array_equal(reduce(np.add.outer, tables)[there], index[there]):
        return None
    return [np.where(line, table, NOTHING) for line, table in zip(kept, tables, strict=True)]


def natural_order(index: Index) -> tuple[int, ...]:
    """The axes of an index, the one whose steps in the buffer are widest first: the order in which it stands there."""

    def width(axis: int) -> float:
        steps = np.abs(np.diff(index, axis=axis))
        return float(np.median(steps)) if steps.size else np.inf

    return tuple(sorted(range(index.ndim), key=width, reverse=True))


def shortest_period(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The shortest beginning of `(n,)` that, repeated, gives the whole: a bias for each channel out of a grid of it."""
    for period in range(1, len(values) // 2 + 1):
        if len(values) % period == 0 and (values.reshape(-1, period) == values[:period]).all():
            return values[:period]
    return values
