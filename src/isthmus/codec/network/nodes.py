"""The nodes of a network in exact integer arithmetic.

A value is a whole number with a fixed number of bits after the binary point, stored in a float64.  Sums and products of
whole numbers are exact there while they stay below 2^53, whatever the order of summation, the library or the machine.
A `FixedPointNetwork` checks that they do.

Every tensor is flat, `(images, size)`; an index says where its numbers are.
"""

from dataclasses import dataclass

import numpy as np

from isthmus.codec.arithmetic.tables import Integers, interpolate
from isthmus.codec.network.gather import Floats, Gather, Index

FRACTION = 12
"""The bits after the binary point of every value within a network."""
EXACT = 2**53
"""Whole numbers below this are exact in a float64."""
LARGEST = 512
"""Sums are clipped to -512...512."""
_SCRATCH = 1 << 22
"""Numbers that a product gathers at once."""


@dataclass(frozen=True, eq=False)
class Node:
    """A node of a network, which computes one tensor.

    Attributes:
        sources: The numbers of the nodes that it is computed from, all smaller than its own.
        size: Numbers for each image.
        fraction: Bits after the binary point.
        bound: The largest magnitude of its numbers.
    """

    sources: tuple[int, ...]
    size: int
    fraction: int
    bound: int

    def compute(self, *inputs: Floats) -> Floats:
        """Compute its numbers `(images, size)` from those of its sources."""
        raise NotImplementedError


class Input(Node):
    """The input of the network."""


@dataclass(frozen=True, eq=False)
class Lookup(Node):
    """A value for each of the 256 levels of a pixel."""

    table: Integers

    def compute(self, *inputs: Floats) -> Floats:
        """The table's values."""
        return self.table.astype(np.float64)[inputs[0].astype(np.uint8)]


@dataclass(frozen=True, eq=False)
class Interpolation(Node):
    """A function of each number, interpolated between the values of a table."""

    table: Integers
    source_fraction: int

    def compute(self, *inputs: Floats) -> Floats:
        """The function's values, clipped to the bound."""
        values = interpolate(self.table, inputs[0].astype(np.int64), self.source_fraction)
        return np.clip(values, -self.bound, self.bound).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Rectifier(Node):
    """max(x, 0), and slope x min(x, 0) with `FRACTION` bits of slope."""

    slope: int

    def compute(self, *inputs: Floats) -> Floats:
        """The rectified numbers."""
        (x,) = inputs
        positive = np.maximum(x, 0.0)
        if self.slope:
            positive += np.floor(np.minimum(x, 0.0) * self.slope / 2**FRACTION + 0.5)
        return positive


@dataclass(frozen=True, eq=False)
class Product(Node):
    """Rows gathered from the source, times a matrix: a dense layer, a convolution, or a part of a transposed one.

    Attributes:
        index: Positions of each row's numbers in the source, `(rows, terms)`.
        weights: Whole numbers `(terms, columns)`.
        bias: Whole numbers `(columns,)`, with as many bits after the point as the sum.
        shift: Bits that are dropped from the sum.
    """

    index: Index
    weights: Floats
    bias: Floats
    shift: int

    def compute(self, *inputs: Floats) -> Floats:
        """The sums, rounded to the nearest (halves up) and clipped to the bound."""
        (x,) = inputs
        rows, terms = self.index.shape
        gather = Gather(self.index, x.shape[1])
        step = max(1, _SCRATCH // max(rows * terms, 1))
        out = np.empty((len(x), rows * self.weights.shape[1]))
        for start in range(0, len(x), step):
            part = gather(x[start : start + step])
            sums = part.reshape(len(part) * rows, terms) @ self.weights
            sums += self.bias
            rescale(sums, self.shift, self.bound)
            out[start : start + step] = sums.reshape(len(part), -1)
        return out


@dataclass(frozen=True, eq=False)
class Shifted(Node):
    """A constant added to each number."""

    values: Floats

    def compute(self, *inputs: Floats) -> Floats:
        """The sums."""
        return inputs[0] + self.values


@dataclass(frozen=True, eq=False)
class Sum(Node):
    """Two tensors added, number by number."""

    def compute(self, *inputs: Floats) -> Floats:
        """The sums, clipped to the bound."""
        return np.clip(inputs[0] + inputs[1], -self.bound, self.bound)


@dataclass(frozen=True, eq=False)
class Join(Node):
    """Concatenated tensors."""

    def compute(self, *inputs: Floats) -> Floats:
        """All numbers of the first, then all of the next."""
        return np.concatenate(inputs, axis=1)


@dataclass(frozen=True, eq=False)
class Rearranged(Node):
    """Numbers moved, repeated or left out."""

    index: Index

    def compute(self, *inputs: Floats) -> Floats:
        """The numbers at the index."""
        return Gather(self.index[None], inputs[0].shape[1])(inputs[0]).reshape(len(inputs[0]), -1)


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """The same numbers for every image; its source only gives the number of images."""

    values: Floats

    def compute(self, *inputs: Floats) -> Floats:
        """The values, for each image."""
        return np.repeat(self.values[None], len(inputs[0]), axis=0)


def rescale(sums: Floats, shift: int, bound: int) -> None:
    """Drop bits from whole numbers, in place: round to the nearest, halves up, and clip to a bound."""
    if shift:
        # A power of two scales without rounding, and so does the half.
        sums *= 2.0**-shift
        sums += 0.5
        np.floor(sums, out=sums)
    np.clip(sums, -bound, bound, out=sums)
