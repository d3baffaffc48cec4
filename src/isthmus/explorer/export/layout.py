"""Layouts: reshapes, transposes, crops, pads and repeats as an index into a buffer.

A tensor is a flat buffer and an index: for each element, its place in the buffer.  Moving elements changes only the
index; the reader of graphs does that.  To gather the elements in order, the page needs the index as a sum of one small
table per axis.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
NOTHING = -1
"""The index of a zero that is in no buffer: padding."""


@dataclass(frozen=True, eq=False)
class Layout:
    """A tensor in a buffer.

    Attributes:
        buffer: The number of the buffer.
        index: The place of each element there, or `NOTHING`; of the tensor's shape, including the batch of one.
    """

    buffer: int
    index: Index

    @property
    def is_padded(self) -> bool:
        """Whether some elements are padding."""
        return bool((self.index < 0).any())

    def fills(self, length: int) -> bool:
        """Whether each of the `length` places of the buffer holds exactly one element."""
        return self.index.size == length and bool(np.array_equal(np.sort(self.index, axis=None), np.arange(length)))

    def is_in_order(self, length: int) -> bool:
        """Whether the elements, read along the last axis first, are the buffer."""
        return self.index.size == length and bool(np.array_equal(self.index.ravel(), np.arange(length)))


def tables_of(index: Index) -> list[Index] | None:
    """Decompose an index into a sum of one table per axis.

    Returns:
        Tables of the lengths of the axes, non-negative but for `NOTHING`, which makes the whole slice padding; None if
        the index is not such a sum.
    """
    there = index >= 0
    if not there.any():
        return None
    axes = range(index.ndim)
    occupied = [there.any(axis=tuple(other for other in axes if other != axis)) for axis in axes]
    if not np.array_equal(there, reduce(np.logical_and.outer, occupied)):
        return None
    anchor = [int(np.argmax(line)) for line in occupied]
    tables, base = [], int(index[tuple(anchor)])
    for axis in axes:
        line = index[tuple(slice(None) if other == axis else anchor[other] for other in axes)] - index[tuple(anchor)]
        least = int(line[occupied[axis]].min())
        base += least
        tables.append(line - least)
    tables[0] = tables[0] + base
    if not np.array_equal(reduce(np.add.outer, tables)[there], index[there]):
        return None
    return [np.where(line, table, NOTHING) for line, table in zip(occupied, tables, strict=True)]


def natural_order(index: Index) -> tuple[int, ...]:
    """The axes of an index in the order of the buffer: the one with the widest steps first."""

    def width(axis: int) -> float:
        steps = np.abs(np.diff(index, axis=axis))
        return float(np.median(steps)) if steps.size else np.inf

    return tuple(sorted(range(index.ndim), key=width, reverse=True))


def shortest_period(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The shortest prefix of `(n,)` that, repeated, gives the whole, such as the bias per channel of a whole grid."""
    for period in range(1, len(values) // 2 + 1):
        if len(values) % period == 0 and (values.reshape(-1, period) == values[:period]).all():
            return values[:period]
    return values
