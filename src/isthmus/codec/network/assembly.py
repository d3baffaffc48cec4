"""Assembling a fixed-point network, node by node."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.scalars import Expression, X, evaluate, rounded
from isthmus.codec.arithmetic.tables import function_table
from isthmus.codec.network import nodes
from isthmus.codec.network.gather import Floats, Index
from isthmus.codec.network.nodes import FRACTION, LARGEST, Node
from isthmus.codec.network.tensors import Tensor, tensor_of
from isthmus.errors import RunError
from isthmus.graphs.reader.node import Fixed
from isthmus.graphs.reader.view import STRIDE

WEIGHT_BITS = 10
"""Bits of a weight, including its sign; the largest weight of each matrix uses all of them."""
OUTPUT_FRACTION = 16
"""Bits after the binary point of a network's outputs, where possible."""


class Assembly:
    """A growing list of nodes, and operations on tensors that refer to them.

    Args:
        size: Numbers of the input, for one image.
        fraction: Bits after the binary point of the input.
        bound: The largest magnitude of the input.
        where: The graph, for messages.

    Attributes:
        nodes: The nodes so far; the first is the input.
    """

    def __init__(self, size: int, fraction: int, bound: int, where: str) -> None:
        self._where = where
        self.nodes: list[Node] = [nodes.Input((), size, fraction, bound)]
        self._applied: dict[tuple[int, Expression], int] = {}
        self._narrow: dict[tuple[int, tuple[int, ...]], int] = {}

    def add(self, node: Node) -> int:
        """Append a node, and return its number."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def applied(self, tensor: Tensor) -> Tensor:
        """The tensor with its pending function applied."""
        if tensor.function == X:
            return tensor
        if (tensor.positions == 0).any():  # the zeros are zeros after the function
            raise RunError(f"{self._where}: a function of padded numbers has no exact copy.")
        tensor = self._narrowed(tensor)
        key = tensor.source, tensor.function
        if key not in self._applied:
            self._applied[key] = self._apply(tensor.source, tensor.function)
        return Tensor(self._applied[key], tensor.positions)

    def _narrowed(self, tensor: Tensor) -> Tensor:
        """The tensor as columns of a product that computes no others, of a last layer with several parameters."""
        node = self.nodes[tensor.source]
        if not isinstance(node, nodes.Product):
            return tensor
        width = node.weights.shape[1]
        row, column = np.divmod((tensor.positions - 1) % STRIDE, width)
        columns = np.unique(column)
        if len(columns) == width:
            return tensor
        key = tensor.source, tuple(columns)
        if key not in self._narrow:
            size = len(node.index) * len(columns)
            self._narrow[key] = self.add(
                replace(node, size=size, weights=node.weights[:, columns], bias=node.bias[columns])
            )
        images = (tensor.positions - 1) // STRIDE * STRIDE
        positions = images + row * len(columns) + np.searchsorted(columns, column) + 1
        return Tensor(self._narrow[key], positions, tensor.function)

    def _apply(self, number: int, function: Expression) -> int:
        source = self.nodes[number]
        if number == 0 and source.fraction == 0:
            levels = [rounded(evaluate(function, Fraction(level)), FRACTION) for level in range(256)]
            table = np.array(levels, np.int64)
            return self.add(nodes.Lookup((0,), source.size, FRACTION, int(np.abs(table).max()), table))
        if (slope := _rectifier(function)) is not None:
            bound = source.bound * max(slope, 1 << FRACTION) >> FRACTION
            return self.add(nodes.Rectifier((number,), source.size, source.fraction, bound, slope))
        if function[0] == "Add" and function[1] == X and cast("Expression", function[2])[0] == "constant":
            constant = cast("Fraction", cast("Expression", function[2])[1])
            return self._biased(number, np.full(source.size, float(constant)))
        if source.fraction < FRACTION:
            raise RunError(f"{self._where}: a function of the network's input has no exact copy.")
        try:
            table = function_table(function, OUTPUT_FRACTION)
        except ArithmeticError as error:
            raise RunError(f"{self._where}: {function[0]} has no value for some numbers ({error}).") from None
        bound = LARGEST << OUTPUT_FRACTION
        return self.add(nodes.Interpolation((number,), source.size, OUTPUT_FRACTION, bound, table, source.fraction))

    def _biased(self, number: int, values: NDArray[np.float64]) -> int:
        """A node with a constant added to each of its numbers."""
        node = self.nodes[number]
        if isinstance(node, nodes.Product):
            rows = values.reshape(len(node.index), -1)
            if (rows == rows[:1]).all():
                bias = node.bias + np.rint(np.ldexp(rows[0], node.fraction + node.shift))
                return self.add(replace(node, bias=bias))
        if isinstance(node, nodes.Join):
            ends = np.cumsum([self.nodes[source].size for source in node.sources])[:-1]
            parts = zip(node.sources, np.split(values, ends), strict=True)
            return self.join([self._biased(source, part) for source, part in parts])
        added = np.rint(np.ldexp(values, node.fraction))
        bound = node.bound + int(np.abs(added).max(initial=0))
        return self.add(nodes.Shifted((number,), node.size, node.fraction, bound, added))

    def join(self, numbers: Sequence[int]) -> int:
        """Concatenate nodes."""
        parts = [self.nodes[number] for number in numbers]
        size, bound = sum(part.size for part in parts), max(part.bound for part in parts)
        return self.add(nodes.Join(tuple(numbers), size, parts[0].fraction, bound))

    def rearranged(self, number: int, index: Index) -> int:
        """A node with the numbers of another at an index."""
        source = self.nodes[number]
        flat = np.ascontiguousarray(index).reshape(-1)
        if flat.size == source.size and (flat == np.arange(source.size)).all():
            return number
        return self.add(nodes.Rearranged((number,), flat.size, source.fraction, source.bound, flat))

    def joined(self, arguments: Sequence[Tensor | Fixed | None]) -> list[Tensor | Fixed | None]:
        """The arguments, with all tensors referring to one node."""
        tensors = [argument for argument in arguments if isinstance(argument, Tensor)]
        if len(tensors) == 1:
            return list(arguments)
        if len({(tensor.source, tensor.function) for tensor in tensors}) == 1:
            return list(arguments)
        applied = [self.applied(tensor) for tensor in tensors]
        applied = [replace(tensor, source=self.refined(tensor.source, FRACTION)) for tensor in applied]
        numbers = list(dict.fromkeys(tensor.source for tensor in applied))
        number = self.join(numbers)
        sizes = [self.nodes[source].size for source in numbers]
        starts = dict(zip(numbers, np.append(0, np.cumsum(sizes)[:-1]), strict=True))
        moved = iter(
            Tensor(number, np.where(tensor.positions == 0, 0, tensor.positions + starts[tensor.source]))
            for tensor in applied
        )
        return [next(moved) if isinstance(argument, Tensor) else argument for argument in arguments]

    def plus(self, tensor: Tensor, values: NDArray[np.float64]) -> Tensor:
        """Add constants to a tensor, of its shape for a batch, and the same for each image.

        Raises:
            RunError: If they are not.
        """
        applied = self.applied(tensor)
        index = applied.index()
        if (values != values[:1]).any():
            raise RunError(f"{self._where}: the graph treats images of a batch differently.")
        source = self.nodes[applied.source]
        flat = np.full(source.size, np.nan)
        flat[index.ravel()] = values[0].ravel()
        if (index < 0).any() or (flat[index] != values[0]).any():
            number = self.rearranged(applied.source, index)
            return tensor_of(self._biased(number, values[0].astype(np.float64).ravel()), counted(index.shape))
        # Positions that nothing reads get the value of the rest of their column, so that it stays a bias.
        columns = flat.reshape(-1, self._columns(applied.source))
        known = np.where(np.isnan(columns), -np.inf, columns).max(axis=0)
        flat = np.where(np.isnan(columns), np.where(np.isfinite(known), known, 0.0), columns).ravel()
        return Tensor(self._biased(applied.source, flat), applied.positions)

    def _columns(self, number: int) -> int:
        node = self.nodes[number]
        if isinstance(node, nodes.Product):
            return len(node.bias)
        return self._columns(node.sources[0]) if isinstance(node, nodes.Join) else 1

    def sum(self, first: Tensor, second: Tensor) -> Tensor:
        """The sum of two tensors of one shape."""
        numbers = []
        for tensor in (first, second):
            applied = self.applied(tensor)
            numbers.append(self.rearranged(self.refined(applied.source, FRACTION), applied.index()))
        size = self.nodes[numbers[0]].size
        number = self.add(nodes.Sum(tuple(numbers), size, FRACTION, LARGEST << FRACTION))
        return tensor_of(number, counted(first.shape[1:]))

    def product(self, number: int, index: Index, weights: Floats, bias: Floats, largest: float | None = None) -> int:
        """A product; `largest` is the largest magnitude of the matrix of which the weights are a part."""
        source = self.nodes[number]
        top = float(np.abs(weights).max(initial=0.0)) if largest is None else largest
        bits = WEIGHT_BITS - 1 - math.frexp(top)[1] if top else 0
        bits = max(bits, OUTPUT_FRACTION - source.fraction)
        node = nodes.Product(
            (number,),
            len(index) * weights.shape[1],
            FRACTION,
            LARGEST << FRACTION,
            np.ascontiguousarray(index, np.int32),
            np.rint(np.ldexp(weights, bits)),
            np.rint(np.ldexp(bias, source.fraction + bits)),
            source.fraction + bits - FRACTION,
        )
        return self.add(node)

    def refined(self, number: int, fraction: int) -> int:
        """A node with the same numbers, and another number of bits after the binary point."""
        node = self.nodes[number]
        if node.fraction == fraction:
            return number
        if isinstance(node, nodes.Product):
            shift = node.shift + node.fraction - fraction
            return self.add(replace(node, fraction=fraction, bound=LARGEST << fraction, shift=shift))
        if isinstance(node, nodes.Join):
            return self.join([self.refined(source, fraction) for source in node.sources])
        if isinstance(node, nodes.Interpolation) and node.fraction > fraction:
            half = 1 << (node.fraction - fraction) >> 1
            table = (node.table + half) >> (node.fraction - fraction)
            return self.add(replace(node, fraction=fraction, bound=LARGEST << fraction, table=table))
        # One number a row, times a power of two.
        index = np.arange(node.size, dtype=np.int32)[:, None]
        factor, shift = (
            (2.0 ** (fraction - node.fraction), 0) if fraction > node.fraction else (1.0, node.fraction - fraction)
        )
        return self.add(
            nodes.Product(
                (number,), node.size, fraction, LARGEST << fraction, index, np.full((1, 1), factor), np.zeros(1), shift
            )
        )


def counted(shape: tuple[int, ...]) -> Index:
    """The index of a tensor of this shape, whose numbers are in order."""
    return np.arange(math.prod(shape), dtype=np.int32).reshape(shape)


def _rectifier(function: Expression) -> int | None:
    """The slope below zero, with `FRACTION` bits, if a function is a rectifier; else None."""
    zero = ("constant", Fraction(0))
    if function in (("Relu", X), ("Max", X, zero), ("Max", zero, X)):
        return 0
    if function[:2] == ("LeakyRelu", X):
        return rounded(cast("Fraction", cast("Expression", function[2])[1]), FRACTION)
    return None
