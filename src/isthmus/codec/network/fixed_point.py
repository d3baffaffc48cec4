"""Networks in exact integer arithmetic.

A value is a whole number with a fixed number of bits behind the point, kept in a float64: sums and products of whole
numbers are exact there while they stay below 2^53, whatever the order of summation, the library or the machine.  That
they do is checked when a network is made.

Every tensor is flat, `(images, size)`; where its numbers lie is told by an index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.tables import Integers, interpolate
from isthmus.errors import RunError

Floats: TypeAlias = NDArray[np.float64]
Index: TypeAlias = NDArray[np.int32]
"""Positions in a flat tensor; -1 stands for a zero."""

FRACTION = 12
"""The bits behind the point of every value within a network."""
EXACT = 2**53
"""Whole numbers below this are exact in a float64."""
LARGEST = 512
"""What a sum comes to is cut to -512...512."""
_SCRATCH = 1 << 22
"""Numbers that a product gathers at once."""
_ALIVE = 1 << 26
"""Numbers that a network holds at once, unless one image needs more."""


@dataclass(frozen=True, eq=False)
class Node:
    """One tensor of a network.

    Attributes:
        sources: The nodes that it is made of, by number; all before it.
        size: Numbers for each image.
        fraction: Bits behind the point.
        bound: No number is larger, either way.
    """

    sources: tuple[int, ...]
    size: int
    fraction: int
    bound: int

    def compute(self, *inputs: Floats) -> Floats:
        """Its numbers `(images, size)`, from those of its sources."""
        raise NotImplementedError


class Input(Node):
    """What the network is given."""


@dataclass(frozen=True, eq=False)
class Lookup(Node):
    """A value for each of the 256 levels of a pixel."""

    table: Integers

    def compute(self, *inputs: Floats) -> Floats:
        """The table's values."""
        return self.table.astype(np.float64)[inputs[0].astype(np.uint8)]


@dataclass(frozen=True, eq=False)
class Interpolation(Node):
    """A function of each number, by its table."""

    table: Integers
    source_fraction: int

    def compute(self, *inputs: Floats) -> Floats:
        """The function's values, cut to the largest."""
        values = interpolate(self.table, inputs[0].astype(np.int64), self.source_fraction)
        return np.clip(values, -self.bound, self.bound).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Rectifier(Node):
    """max(x, 0), and slope x min(x, 0) with `FRACTION` bits of slope."""

    slope: int

    def compute(self, *inputs: Floats) -> Floats:
        """What is negative flattened."""
        (x,) = inputs
        positive = np.maximum(x, 0.0)
        if self.slope:
            positive += np.floor(np.minimum(x, 0.0) * self.slope / 2**FRACTION + 0.5)
        return positive


@dataclass(frozen=True, eq=False)
class Product(Node):
    """Rows gathered from the source, times a matrix: a dense layer, a convolution, or a part of a transposed one.

    Attributes:
        index: Where each row's numbers lie in the source, `(rows, terms)`.
        weights: Whole numbers `(terms, columns)`.
        bias: Whole numbers `(columns,)`, in the bits of the sum.
        shift: Bits dropped from the sum.
    """

    index: Index
    weights: Floats
    bias: Floats
    shift: int

    def compute(self, *inputs: Floats) -> Floats:
        """The sums, rounded to the nearest (halves up) and cut to the largest."""
        (x,) = inputs
        rows, terms = self.index.shape
        gather = _Gather(self.index, x.shape[1])
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
        """The sums, cut to the largest."""
        return np.clip(inputs[0] + inputs[1], -self.bound, self.bound)


@dataclass(frozen=True, eq=False)
class Join(Node):
    """Tensors one behind another."""

    def compute(self, *inputs: Floats) -> Floats:
        """All numbers of the first, then all of the next."""
        return np.concatenate(inputs, axis=1)


@dataclass(frozen=True, eq=False)
class Rearranged(Node):
    """Numbers moved, repeated or left out."""

    index: Index

    def compute(self, *inputs: Floats) -> Floats:
        """The numbers at the index."""
        return _Gather(self.index[None], inputs[0].shape[1])(inputs[0]).reshape(len(inputs[0]), -1)


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """The same numbers for every image; its source says only how many images there are."""

    values: Floats

    def compute(self, *inputs: Floats) -> Floats:
        """The values, for each image."""
        return np.repeat(self.values[None], len(inputs[0]), axis=0)


@dataclass(frozen=True)
class Output:
    """A named result: a node, and its shape for each image."""

    node: int
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FixedPointNetwork:
    """Nodes in order, the first of them the input, and the outputs by name.

    Raises:
        RunError: If a sum could leave what is exact.
    """

    nodes: Sequence[Node]
    outputs: Mapping[str, Output]

    def __post_init__(self) -> None:
        for number, node in enumerate(self.nodes):
            largest = largest_sum(node, [self.nodes[source] for source in node.sources])
            if largest >= EXACT:
                raise RunError(
                    f"the network cannot be computed exactly: a sum of node {number} may reach {largest:.3g}, and "
                    f"whole numbers are exact below {float(EXACT):.3g}. Its weights are too large or too many."
                )

    @cached_property
    def alive(self) -> int:
        """The most numbers of an image that are needed at once."""
        sizes = dict[int, int]()
        most = 0
        for number, done in enumerate(self._done_after):
            sizes[number] = self.nodes[number].size
            most = max(most, sum(sizes.values()))
            for source in done:
                del sizes[source]
        return most

    def __call__(self, inputs: NDArray[np.generic]) -> dict[str, Integers]:
        """Compute the outputs by name, whole numbers `(images, *shape)`, of inputs `(images, ...)`."""
        step = max(1, _ALIVE // self.alive)
        parts = [self._compute(inputs[start : start + step]) for start in range(0, len(inputs), step)]
        return parts[0] if len(parts) == 1 else {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}

    def _compute(self, inputs: NDArray[np.generic]) -> dict[str, Integers]:
        values: dict[int, Floats] = {}
        for number, (node, done) in enumerate(zip(self.nodes, self._done_after, strict=True)):
            if number:
                values[number] = node.compute(*(values[source] for source in node.sources))
            else:
                values[0] = inputs.reshape(len(inputs), -1).astype(np.float64)
            for source in done:
                del values[source]
        return {
            name: values[output.node].astype(np.int64).reshape(-1, *output.shape)
            for name, output in self.outputs.items()
        }

    @cached_property
    def _done_after(self) -> list[list[int]]:
        """For each node the sources that nothing behind it needs, and that are no outputs."""
        last = {source: number for number, node in enumerate(self.nodes) for source in node.sources}
        kept = {output.node for output in self.outputs.values()}
        done: list[list[int]] = [[] for _ in self.nodes]
        for source, number in last.items():
            if source not in kept:
                done[number].append(source)
        return done

    def fraction(self, name: str) -> int:
        """The bits behind the point of an output."""
        return self.nodes[self.outputs[name].node].fraction


def rescale(sums: Floats, shift: int, bound: int) -> None:
    """Drop bits from whole numbers, in place: to the nearest, halves up, and cut to a bound."""
    if shift:
        # A power of two scales without rounding, and so does the half.
        sums *= 2.0**-shift
        sums += 0.5
        np.floor(sums, out=sums)
    np.clip(sums, -bound, bound, out=sums)


def largest_sum(node: Node, sources: Sequence[Node]) -> int:
    """The largest number, either way, that computing a node may meet."""
    match node:
        case Product():
            sums = np.abs(node.weights).sum(axis=0) * sources[0].bound + np.abs(node.bias)
            return int(sums.max(initial=0)) + (1 << max(node.shift, 0))
        case Interpolation():
            steepest = int(np.abs(np.diff(node.table)).max())
            return steepest * (sources[0].bound + (16 << node.source_fraction)) + int(np.abs(node.table).max())
        case Rectifier():
            return sources[0].bound * max(node.slope, 1 << FRACTION)
        case Shifted():
            return sources[0].bound + int(np.abs(node.values).max(initial=0))
        case Sum():
            return sources[0].bound + sources[1].bound
        case _:
            return node.bound


def largest_value(node: Node, sources: Sequence[Node]) -> int:
    """The largest number, either way, that a node may give; what is cut to its bound gives no larger one."""
    match node:
        case Lookup():
            return _largest(node.table)
        case Rectifier():
            return sources[0].bound * max(node.slope, 1 << FRACTION) >> FRACTION
        case Shifted():
            return sources[0].bound + _largest(node.values)
        case Join() | Rearranged():
            return max(source.bound for source in sources)
        case Constant():
            return _largest(node.values)
        case _:
            return node.bound


def _largest(numbers: Integers | Floats) -> int:
    return max(abs(int(numbers.min(initial=0))), abs(int(numbers.max(initial=0))))


class _Gather:
    """Reads rows of an index from flat tensors, whole runs of neighbours at once.

    Args:
        index: `(rows, terms)`.
        size: Of the tensors.
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
        """From tensors `(images, size)` to `(images, rows, terms)`."""
        if self._whole:
            return x.reshape(len(x), *self._shape)
        blocks = x.reshape(len(x), -1, self._run)
        if self._padded:
            blocks = np.concatenate([blocks, np.zeros((len(x), 1, self._run))], axis=1)
        return blocks.take(self._heads, axis=1).reshape(len(x), *self._shape)


def run_length(index: Index, size: int) -> int:
    """The longest run of neighbours that an index is made of: it divides the terms, the size and where runs begin."""
    flat = index.reshape(-1)
    if not flat.size:
        return 1
    breaks = np.flatnonzero(np.where((flat[1:] < 0) | (flat[:-1] < 0), flat[1:] != flat[:-1], np.diff(flat) != 1)) + 1
    run = int(np.gcd.reduce(np.array([index.shape[-1], size, *breaks, *flat[np.append(0, breaks)].clip(0)])))
    return max(run, 1)
