"""From an exported graph to its exact copy in whole numbers.

Everything here follows from the graph alone and is computed in ways that no machine can round differently, so that
whoever has the run makes the same copy.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

import numpy as np
import onnx
from numpy.typing import NDArray

from isthmus.codec.fixed_point import (
    FRACTION,
    LARGEST,
    Constant,
    FixedPointNetwork,
    Floats,
    Index,
    Input,
    Interpolation,
    Join,
    Lookup,
    Node,
    Output,
    Product,
    Rearranged,
    Rectifier,
    Shifted,
    Sum,
)
from isthmus.codec.scalars import OPERATORS, Expression, X, evaluate, rounded
from isthmus.codec.tables import function_table
from isthmus.codec.views import (
    MOVES,
    PROBE,
    STRIDE,
    Fixed,
    View,
    attributes_of,
    fold,
    move,
    numbers_of,
    refusal,
    view_of,
)
from isthmus.errors import RunError

WEIGHT_BITS = 10
"""Bits of a weight, its sign among them: the largest of each matrix takes them all."""
OUTPUT_FRACTION = 16
"""Bits behind the point of a network's outputs, where it can give so many."""

_ADDITIVE = ("Add", "Sub")


def quantise(
    graph: onnx.ModelProto, outputs: Sequence[str], shape: tuple[int, ...], fraction: int, bound: int, where: str
) -> FixedPointNetwork:
    """Make the exact copy of a graph of one input.

    Args:
        graph: As `isthmus.graphs` exports it.
        outputs: Those that are wanted.
        shape: Of the input, for one image.
        fraction: Bits behind the point of what the network will be given; 0 for pixels.
        bound: The largest whole number, either way, that it will be given.
        where: The graph, for messages.

    Raises:
        RunError: If it has an operator that has no exact copy, or a sum could leave what is exact.
    """
    translation = _Translation(graph, shape, fraction, bound, where)
    return translation.network(outputs)


class _Translation:
    def __init__(self, graph: onnx.ModelProto, shape: tuple[int, ...], fraction: int, bound: int, where: str) -> None:
        self._graph, self._where = graph.graph, where
        self._opset = next(entry.version for entry in graph.opset_import if entry.domain in ("", "ai.onnx"))
        self._nodes: list[Node] = [Input((), math.prod(shape), fraction, bound)]
        self._applied: dict[tuple[int, Expression], int] = {}
        self._narrow: dict[tuple[int, tuple[int, ...]], int] = {}
        self._values: dict[str, View | Fixed] = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in self._graph.initializer
        }
        index = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
        self._values[self._graph.input[0].name] = view_of(0, index)

    def network(self, outputs: Sequence[str]) -> FixedPointNetwork:
        for node in self._needed(outputs):
            arguments = [self._values[name] if name else None for name in node.input]
            results = self._translate(node, arguments)
            self._values.update(zip(node.output, results, strict=False))
        found = {name: self._finish(self._values[name]) for name in outputs}
        return _pruned(self._nodes, found)

    def _needed(self, outputs: Sequence[str]) -> list[onnx.NodeProto]:
        wanted, needed = set(outputs), []
        for node in reversed(self._graph.node):
            if wanted & set(node.output):
                needed.append(node)
                wanted |= set(node.input)
        return needed[::-1]

    def _translate(self, node: onnx.NodeProto, arguments: Sequence[View | Fixed | None]) -> Sequence[View | Fixed]:
        if node.op_type == "Shape" and isinstance(arguments[0], View):
            shape = np.array(arguments[0].shape, np.int64)
            given = attributes_of(node)
            return [shape[given.get("start", 0) : given.get("end", len(shape))]]
        if not any(isinstance(argument, View) for argument in arguments):
            return fold(node, cast("Sequence[Fixed | None]", arguments), self._opset, self._where)
        match node.op_type:
            case "Cast":
                return [cast("View", arguments[0])]
            case "MatMul" | "Gemm":
                return [self._dense(node, arguments)]
            case "Conv":
                return [self._convolution(node, arguments)]
            case "ConvTranspose":
                return [self._transposed(node, arguments)]
            case name if name in MOVES:
                if name == "Pad":  # the zeros come after the function that waits
                    arguments = [self._applied_view(a) if isinstance(a, View) else a for a in arguments]
                return move(node, self._joined(arguments), self._opset, self._where)
            case name if name in OPERATORS:
                return [self._element_wise(node, arguments)]
            case _:
                raise RunError(refusal(node, self._where))

    # Adding nodes.

    def _add(self, node: Node) -> int:
        self._nodes.append(node)
        return len(self._nodes) - 1

    def _applied_view(self, view: View) -> View:
        """The same numbers, with the function that waits applied to them."""
        if view.function == X:
            return view
        if (view.positions == 0).any():  # the zeros are zeros after the function
            raise RunError(f"{self._where}: a function of padded numbers has no exact copy.")
        view = self._narrowed(view)
        key = view.node, view.function
        if key not in self._applied:
            self._applied[key] = self._apply(view.node, view.function)
        return View(self._applied[key], view.positions)

    def _narrowed(self, view: View) -> View:
        """The same numbers, of a product that computes no others: a decoder's last layer gives several parameters."""
        node = self._nodes[view.node]
        if not isinstance(node, Product):
            return view
        width = node.weights.shape[1]
        row, column = np.divmod((view.positions - 1) % STRIDE, width)
        columns = np.unique(column)
        if len(columns) == width:
            return view
        key = view.node, tuple(columns)
        if key not in self._narrow:
            size = len(node.index) * len(columns)
            self._narrow[key] = self._add(
                replace(node, size=size, weights=node.weights[:, columns], bias=node.bias[columns])
            )
        images = (view.positions - 1) // STRIDE * STRIDE
        positions = images + row * len(columns) + np.searchsorted(columns, column) + 1
        return View(self._narrow[key], positions, view.function)

    def _apply(self, number: int, function: Expression) -> int:
        source = self._nodes[number]
        if number == 0 and source.fraction == 0:
            levels = [rounded(evaluate(function, Fraction(level)), FRACTION) for level in range(256)]
            table = np.array(levels, np.int64)
            return self._add(Lookup((0,), source.size, FRACTION, int(np.abs(table).max()), table))
        if (slope := _rectifier(function)) is not None:
            bound = source.bound * max(slope, 1 << FRACTION) >> FRACTION
            return self._add(Rectifier((number,), source.size, source.fraction, bound, slope))
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
        return self._add(Interpolation((number,), source.size, OUTPUT_FRACTION, bound, table, source.fraction))

    def _biased(self, number: int, values: NDArray[np.float64]) -> int:
        """A node with a constant added to each of its numbers."""
        node = self._nodes[number]
        if isinstance(node, Product):
            rows = values.reshape(len(node.index), -1)
            if (rows == rows[:1]).all():
                bias = node.bias + np.rint(np.ldexp(rows[0], node.fraction + node.shift))
                return self._add(replace(node, bias=bias))
        if isinstance(node, Join):
            ends = np.cumsum([self._nodes[source].size for source in node.sources])[:-1]
            parts = zip(node.sources, np.split(values, ends), strict=True)
            return self._join([self._biased(source, part) for source, part in parts])
        added = np.rint(np.ldexp(values, node.fraction))
        bound = node.bound + int(np.abs(added).max(initial=0))
        return self._add(Shifted((number,), node.size, node.fraction, bound, added))

    def _join(self, numbers: Sequence[int]) -> int:
        parts = [self._nodes[number] for number in numbers]
        size, bound = sum(part.size for part in parts), max(part.bound for part in parts)
        return self._add(Join(tuple(numbers), size, parts[0].fraction, bound))

    def _rearranged(self, number: int, index: Index) -> int:
        """A node with the numbers at an index."""
        source = self._nodes[number]
        flat = np.ascontiguousarray(index).reshape(-1)
        if flat.size == source.size and (flat == np.arange(source.size)).all():
            return number
        return self._add(Rearranged((number,), flat.size, source.fraction, source.bound, flat))

    def _joined(self, arguments: Sequence[View | Fixed | None]) -> list[View | Fixed | None]:
        """The same arguments, all views of one node."""
        views = [argument for argument in arguments if isinstance(argument, View)]
        if len(views) == 1:
            return list(arguments)
        if len({(view.node, view.function) for view in views}) == 1:
            return list(arguments)
        applied = [self._applied_view(view) for view in views]
        applied = [replace(view, node=self._refined(view.node, FRACTION)) for view in applied]
        numbers = list(dict.fromkeys(view.node for view in applied))
        number = self._join(numbers)
        sizes = [self._nodes[source].size for source in numbers]
        starts = dict(zip(numbers, np.append(0, np.cumsum(sizes)[:-1]), strict=True))
        moved = iter(
            View(number, np.where(view.positions == 0, 0, view.positions + starts[view.node])) for view in applied
        )
        return [next(moved) if isinstance(argument, View) else argument for argument in arguments]

    # Operators.

    def _element_wise(self, node: onnx.NodeProto, arguments: Sequence[View | Fixed | None]) -> View:
        if node.op_type == "Clip":
            low, high = (*arguments[1:], None, None)[:2]
            arguments = [arguments[0], np.array(-np.inf) if low is None else low, high]
        given = [argument for argument in arguments if argument is not None]
        views = [argument for argument in given if isinstance(argument, View)]
        shape = np.broadcast_shapes(*(np.shape(a) if not isinstance(a, View) else a.shape for a in given))
        views = [replace(view, positions=np.broadcast_to(view.positions, shape)) for view in views]
        same = all(view.node == views[0].node and (view.positions == views[0].positions).all() for view in views)
        fixed = [np.asarray(argument) for argument in given if not isinstance(argument, View)]
        if same and all(array.size == 1 for array in fixed):
            waiting = iter(views)
            parts = [next(waiting).function if isinstance(a, View) else _constant(a) for a in given]
            numbers = [_constant(np.asarray(number)) for number in numbers_of(node)]
            return replace(views[0], function=(node.op_type, *parts, *numbers))
        if node.op_type in _ADDITIVE and len(given) == 2:
            if len(views) == 2 and node.op_type == "Add":
                return self._sum(views[0], views[1])
            if len(fixed) == 1 and (node.op_type == "Add" or given[1] is fixed[0]):
                sign = 1.0 if node.op_type == "Add" else -1.0
                return self._plus(views[0], sign * np.broadcast_to(fixed[0], shape))
        raise RunError(refusal(node, self._where))

    def _plus(self, view: View, values: NDArray[np.float64]) -> View:
        applied = self._applied_view(view)
        index = applied.index(self._where)
        if (values != values[:1]).any():
            raise RunError(f"{self._where}: the graph tells images of a batch apart.")
        source = self._nodes[applied.node]
        flat = np.full(source.size, np.nan)
        flat[index.ravel()] = values[0].ravel()
        if (index < 0).any() or (flat[index] != values[0]).any():
            number = self._rearranged(applied.node, index)
            return view_of(self._biased(number, values[0].astype(np.float64).ravel()), _counted(index.shape))
        # To what nothing reads, anything may be added: what is added to the rest of its column keeps it a bias.
        columns = flat.reshape(-1, self._columns(applied.node))
        known = np.where(np.isnan(columns), -np.inf, columns).max(axis=0)
        flat = np.where(np.isnan(columns), np.where(np.isfinite(known), known, 0.0), columns).ravel()
        return View(self._biased(applied.node, flat), applied.positions)

    def _columns(self, number: int) -> int:
        node = self._nodes[number]
        if isinstance(node, Product):
            return len(node.bias)
        return self._columns(node.sources[0]) if isinstance(node, Join) else 1

    def _sum(self, first: View, second: View) -> View:
        numbers = []
        for view in (first, second):
            applied = self._applied_view(view)
            numbers.append(self._rearranged(self._refined(applied.node, FRACTION), applied.index(self._where)))
        size = self._nodes[numbers[0]].size
        number = self._add(Sum(tuple(numbers), size, FRACTION, LARGEST << FRACTION))
        return view_of(number, _counted(first.shape[1:]))

    def _dense(self, node: onnx.NodeProto, arguments: Sequence[View | Fixed | None]) -> View:
        view, matrix = arguments[:2]
        given = attributes_of(node)
        if (
            not isinstance(view, View)
            or isinstance(matrix, View)
            or matrix is None
            or matrix.ndim != 2
            or given.get("transA")
        ):
            raise RunError(refusal(node, self._where))
        weights = np.asarray(matrix, np.float64).T if given.get("transB") else np.asarray(matrix, np.float64)
        if given.get("alpha", 1.0) != 1.0 or given.get("beta", 1.0) != 1.0:
            raise RunError(refusal(node, self._where))
        bias = np.zeros(weights.shape[1])
        if len(arguments) > 2 and arguments[2] is not None:
            bias = np.broadcast_to(np.asarray(arguments[2], np.float64), (1, weights.shape[1])).reshape(-1)
        applied = self._applied_view(view)
        index = applied.index(self._where)
        number = self._product(applied.node, index.reshape(-1, index.shape[-1]), weights, bias)
        return view_of(number, _counted((*index.shape[:-1], weights.shape[1])))

    def _convolution(self, node: onnx.NodeProto, arguments: Sequence[View | Fixed | None]) -> View:
        source, index, kernel, bias, (strides, dilations, pads, _) = self._convolved(node, arguments)
        index = np.pad(index, ((0, 0), (pads[0], pads[2]), (pads[1], pads[3])), constant_values=-1)
        reach = [(kernel.shape[2 + axis] - 1) * dilations[axis] + 1 for axis in range(2)]
        windows = np.lib.stride_tricks.sliding_window_view(index, reach, axis=(1, 2))
        windows = windows[:, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
        rows, columns = windows.shape[1:3]
        gathered = windows.transpose(1, 2, 3, 4, 0).reshape(rows * columns, -1)
        weights = kernel.transpose(2, 3, 1, 0).reshape(-1, kernel.shape[0])
        number = self._product(source, gathered, weights, bias)
        return view_of(number, _counted((rows, columns, kernel.shape[0])).transpose(2, 0, 1))

    def _transposed(self, node: onnx.NodeProto, arguments: Sequence[View | Fixed | None]) -> View:
        """One product for each of the stride's phases: within one, all outputs meet the same part of the kernel."""
        source, index, kernel, bias, (strides, dilations, pads, extra) = self._convolved(node, arguments)
        channels, outputs = kernel.shape[:2]
        sides = [
            strides[axis] * (index.shape[1 + axis] - 1)
            + extra[axis]
            + (kernel.shape[2 + axis] - 1) * dilations[axis]
            + 1
            - pads[axis]
            - pads[2 + axis]
            for axis in range(2)
        ]
        numbers, places = [], np.empty((outputs, *sides), np.int32)
        start = 0
        for phase in np.ndindex(strides[0], strides[1]):
            taps = [
                [k for k in range(kernel.shape[2 + axis]) if k * dilations[axis] % strides[axis] == phase[axis]]
                for axis in range(2)
            ]
            reached = [
                np.array([y for y in range(sides[axis]) if (y + pads[axis]) % strides[axis] == phase[axis]], np.int64)
                for axis in range(2)
            ]
            inputs = [
                _within(
                    (reached[axis][:, None] + pads[axis] - np.array(taps[axis], np.int64) * dilations[axis])
                    // strides[axis],
                    index.shape[1 + axis],
                )
                for axis in range(2)
            ]
            padded = np.pad(index, ((0, 0), (0, 1), (0, 1)), constant_values=-1)
            # (rows, columns, taps down, taps across, channels)
            gathered = padded[:, inputs[0][:, None, :, None], inputs[1][None, :, None, :]].transpose(1, 2, 3, 4, 0)
            rows = len(reached[0]) * len(reached[1])
            if not rows:
                continue
            weights = kernel[:, :, taps[0]][:, :, :, taps[1]].transpose(2, 3, 0, 1).reshape(-1, outputs)
            terms = gathered.reshape(rows, len(taps[0]) * len(taps[1]) * channels)
            numbers.append(self._product(source, terms, weights, bias, float(np.abs(kernel).max())))
            positions = start + np.arange(rows * outputs).reshape(len(reached[0]), len(reached[1]), outputs)
            places[:, reached[0][:, None], reached[1][None]] = positions.transpose(2, 0, 1)
            start += rows * outputs
        return view_of(numbers[0] if len(numbers) == 1 else self._join(numbers), places)

    def _convolved(
        self, node: onnx.NodeProto, arguments: Sequence[View | Fixed | None]
    ) -> tuple[int, Index, Floats, Floats, tuple[list[int], list[int], list[int], list[int]]]:
        view, kernel, bias = (*arguments, None)[:3]
        given = attributes_of(node)
        if (
            not isinstance(view, View)
            or isinstance(kernel, View)
            or isinstance(bias, View)
            or kernel is None
            or kernel.ndim != 4
            or given.get("group", 1) != 1
            or given.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID")
            or "output_shape" in given
        ):
            raise RunError(refusal(node, self._where))
        weights = np.asarray(kernel, np.float64)
        outputs = weights.shape[0 if node.op_type == "Conv" else 1]
        numbers = (
            list(given.get("strides", [1, 1])),
            list(given.get("dilations", [1, 1])),
            list(given.get("pads", [0, 0, 0, 0])),
            list(given.get("output_padding", [0, 0])),
        )
        applied = self._applied_view(view)
        return (
            applied.node,
            applied.index(self._where),
            weights,
            np.zeros(outputs) if bias is None else np.asarray(bias, np.float64),
            numbers,
        )

    def _product(self, number: int, index: Index, weights: Floats, bias: Floats, largest: float | None = None) -> int:
        """A product; `largest` is that of the weights, where these are a part of a matrix."""
        source = self._nodes[number]
        top = float(np.abs(weights).max(initial=0.0)) if largest is None else largest
        bits = WEIGHT_BITS - 1 - math.frexp(top)[1] if top else 0
        bits = max(bits, OUTPUT_FRACTION - source.fraction)
        node = Product(
            (number,),
            len(index) * weights.shape[1],
            FRACTION,
            LARGEST << FRACTION,
            np.ascontiguousarray(index, np.int32),
            np.rint(np.ldexp(weights, bits)),
            np.rint(np.ldexp(bias, source.fraction + bits)),
            source.fraction + bits - FRACTION,
        )
        return self._add(node)

    # Results.

    def _refined(self, number: int, fraction: int) -> int:
        """The same numbers with another number of bits behind the point."""
        node = self._nodes[number]
        if node.fraction == fraction:
            return number
        if isinstance(node, Product):
            shift = node.shift + node.fraction - fraction
            return self._add(replace(node, fraction=fraction, bound=LARGEST << fraction, shift=shift))
        if isinstance(node, Join):
            return self._join([self._refined(source, fraction) for source in node.sources])
        if isinstance(node, Interpolation) and node.fraction > fraction:
            half = 1 << (node.fraction - fraction) >> 1
            table = (node.table + half) >> (node.fraction - fraction)
            return self._add(replace(node, fraction=fraction, bound=LARGEST << fraction, table=table))
        # One number a row, times a power of two.
        index = np.arange(node.size, dtype=np.int32)[:, None]
        factor, shift = (
            (2.0 ** (fraction - node.fraction), 0) if fraction > node.fraction else (1.0, node.fraction - fraction)
        )
        return self._add(
            Product(
                (number,), node.size, fraction, LARGEST << fraction, index, np.full((1, 1), factor), np.zeros(1), shift
            )
        )

    def _finish(self, value: View | Fixed) -> Output:
        if not isinstance(value, View):
            numbers = np.asarray(value, np.float64)
            if numbers.ndim == 0 or len(numbers) != PROBE or (numbers != numbers[:1]).any():
                raise RunError(f"{self._where}: an output is not one for each image.")
            values = np.clip(np.rint(np.ldexp(numbers[0].ravel(), OUTPUT_FRACTION)), -LARGEST << OUTPUT_FRACTION, None)
            bound = int(np.abs(values).max(initial=0))
            node = Constant((0,), values.size, OUTPUT_FRACTION, bound, values)
            return Output(self._add(node), numbers.shape[1:])
        applied = self._applied_view(value)
        index = applied.index(self._where)
        return Output(self._rearranged(self._refined(applied.node, OUTPUT_FRACTION), index), index.shape)


def _pruned(nodes: Sequence[Node], outputs: dict[str, Output]) -> FixedPointNetwork:
    """The nodes that an output needs, numbered anew."""
    used = {0} | {output.node for output in outputs.values()}
    for number in range(len(nodes) - 1, -1, -1):
        if number in used:
            used |= set(nodes[number].sources)
    kept = sorted(used)
    new = {old: number for number, old in enumerate(kept)}
    return FixedPointNetwork(
        [replace(nodes[old], sources=tuple(new[source] for source in nodes[old].sources)) for old in kept],
        {name: Output(new[output.node], output.shape) for name, output in outputs.items()},
    )


def _counted(shape: tuple[int, ...]) -> Index:
    """The index of a tensor that lies as it is."""
    return np.arange(math.prod(shape), dtype=np.int32).reshape(shape)


def _constant(value: object) -> Expression:
    number = float(np.asarray(value).reshape(()))
    # Infinite bounds clip nothing; decimals take any that is far away.
    return "constant", Fraction(min(max(number, -1e30), 1e30))


def _rectifier(function: Expression) -> int | None:
    """The slope below zero, with `FRACTION` bits, of a function that is a rectifier; None if it is none."""
    zero = ("constant", Fraction(0))
    if function in (("Relu", X), ("Max", X, zero), ("Max", zero, X)):
        return 0
    if function[:2] == ("LeakyRelu", X):
        return rounded(cast("Fraction", cast("Expression", function[2])[1]), FRACTION)
    return None


def _within(positions: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """Positions along a side; what lies beyond it becomes the side itself, where the padding is."""
    return np.where((positions < 0) | (positions >= side), side, positions)
