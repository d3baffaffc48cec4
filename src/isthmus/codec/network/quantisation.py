"""Quantisation: from an exported ONNX graph to its exact copy in fixed-point arithmetic.

The result depends on the graph alone, and nothing in it is rounded differently on other machines: the same run gives
the same copy everywhere.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray

from isthmus.codec.arithmetic.scalars import OPERATORS, Expression, X
from isthmus.codec.network import nodes
from isthmus.codec.network.assembly import OUTPUT_FRACTION, Assembly, counted
from isthmus.codec.network.fixed_point import FixedPointNetwork, Output
from isthmus.codec.network.gather import Floats, Index
from isthmus.codec.network.nodes import LARGEST
from isthmus.codec.network.tensors import Tensor, by_decimals, numbers_of, operands, tensor_of
from isthmus.errors import RunError
from isthmus.graphs.reader.node import Fixed, GraphError, Node
from isthmus.graphs.reader.reader import Reader
from isthmus.graphs.reader.view import PROBE
from isthmus.wording import one_line

_ADDITIVE = ("Add", "Sub")


def quantise(
    graph: onnx.ModelProto, outputs: Sequence[str], shape: tuple[int, ...], fraction: int, bound: int, where: str
) -> FixedPointNetwork:
    """Quantise a graph with one input.

    Args:
        graph: The graph, as `runs.sessions.open_graph` gives it.
        outputs: Names of the outputs to compute.
        shape: Shape of the input, for one image.
        fraction: Bits after the binary point of the input; 0 for pixels.
        bound: The largest magnitude of the input, as a whole number.
        where: The graph, for messages.

    Raises:
        RunError: If it has an operator without an exact copy, a sum could exceed the exact range, weights are NaN, or
            shapes do not match.
    """
    try:
        return _Translation(graph, shape, fraction, bound, where).network(outputs)
    except GraphError as error:
        raise RunError(
            f"{where}: the graph {error}, which has no exact copy in whole numbers, so this network cannot compress. "
            "Networks of isthmus's own recipes can."
        ) from None
    except (
        ValueError,
        OverflowError,
        LookupError,
        TypeError,
    ) as error:  # of a diverged model too
        raise RunError(f"{where}: the graph has no exact copy ({one_line(error)}).") from error


class _Translation(Reader[Tensor]):
    operators = frozenset({*OPERATORS, "Cast", "Conv", "ConvTranspose", "Gemm", "MatMul"})

    def __init__(self, graph: onnx.ModelProto, shape: tuple[int, ...], fraction: int, bound: int, where: str) -> None:
        super().__init__(graph, tensor_of(0, counted(shape)))
        self._made = Assembly(math.prod(shape), fraction, bound, where)

    def network(self, outputs: Sequence[str]) -> FixedPointNetwork:
        found = {name: self._finish(value) for name, value in self.read(outputs).items()}
        return _pruned(self._made.nodes, found)

    def gathered(self, node: Node, arguments: Sequence[Any]) -> Sequence[Any]:
        if node.kind == "Pad":  # the zeros come after the pending function
            arguments = [self._made.applied(a) if isinstance(a, Tensor) else a for a in arguments]
        return self._made.joined(arguments)

    def compute(self, node: Node, arguments: Sequence[Any]) -> Tensor | Fixed:
        match node.kind:
            case name if name in OPERATORS:
                return self._element_wise(node, arguments)
            case "Cast" if node.attributes["to"] in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
                return cast("Tensor", arguments[0])
            case "Cast" if node.attributes["to"] == onnx.TensorProto.UINT8 and _are_pixels(arguments[0]):
                return cast("Tensor", arguments[0])  # PyTorch's exporter makes bytes of bytes
            case "MatMul" | "Gemm":
                return self._dense(node, arguments)
            case "Conv":
                return self._convolution(node, arguments)
            case "ConvTranspose":
                return self._transposed(node, arguments)
            case _:
                raise _refusal(node)

    def _element_wise(self, node: Node, arguments: Sequence[Tensor | Fixed | None]) -> Tensor | Fixed:
        given = operands(node, arguments)
        tensors = [argument for argument in given if isinstance(argument, Tensor)]
        if not tensors:
            return by_decimals(node, cast("Sequence[Fixed | None]", arguments))
        numbers = [_constant(np.asarray(number)) for number in numbers_of(node)]
        shape = np.broadcast_shapes(*(np.shape(a) if not isinstance(a, Tensor) else a.shape for a in given))
        tensors = [replace(tensor, positions=np.broadcast_to(tensor.positions, shape)) for tensor in tensors]
        first = tensors[0]
        same = all(t.source == first.source and (t.positions == first.positions).all() for t in tensors)
        fixed = [np.asarray(argument) for argument in given if not isinstance(argument, Tensor)]
        if same and all(array.size == 1 for array in fixed):
            waiting = iter(tensors)
            parts = [next(waiting).function if isinstance(a, Tensor) else _constant(a) for a in given]
            return replace(first, function=(node.kind, *parts, *numbers))
        if node.kind in _ADDITIVE and len(given) == 2:
            if len(tensors) == 2 and node.kind == "Add":
                return self._made.sum(tensors[0], tensors[1])
            if len(fixed) == 1 and (node.kind == "Add" or given[1] is fixed[0]):
                sign = 1.0 if node.kind == "Add" else -1.0
                return self._made.plus(tensors[0], sign * np.broadcast_to(fixed[0], shape))
        raise _refusal(node)

    def _dense(self, node: Node, arguments: Sequence[Tensor | Fixed | None]) -> Tensor:
        tensor, matrix = arguments[:2]
        attributes = node.attributes
        if (
            not isinstance(tensor, Tensor)
            or isinstance(matrix, Tensor)
            or matrix is None
            or matrix.ndim != 2
            or attributes.get("transA")
        ):
            raise _refusal(node)
        weights = np.asarray(matrix, np.float64).T if attributes.get("transB") else np.asarray(matrix, np.float64)
        if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
            raise _refusal(node)
        bias = np.zeros(weights.shape[1])
        if len(arguments) > 2 and arguments[2] is not None:
            bias = np.broadcast_to(np.asarray(arguments[2], np.float64), (1, weights.shape[1])).reshape(-1)
        applied = self._made.applied(tensor)
        index = applied.index()
        number = self._made.product(applied.source, index.reshape(-1, index.shape[-1]), weights, bias)
        return tensor_of(number, counted((*index.shape[:-1], weights.shape[1])))

    def _convolution(self, node: Node, arguments: Sequence[Tensor | Fixed | None]) -> Tensor:
        source, index, kernel, bias, (strides, dilations, pads, _) = self._convolved(node, arguments)
        index = np.pad(index, ((0, 0), (pads[0], pads[2]), (pads[1], pads[3])), constant_values=-1)
        reach = [(kernel.shape[2 + axis] - 1) * dilations[axis] + 1 for axis in range(2)]
        windows = np.lib.stride_tricks.sliding_window_view(index, reach, axis=(1, 2))
        windows = windows[:, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
        rows, columns = windows.shape[1:3]
        gathered = windows.transpose(1, 2, 3, 4, 0).reshape(rows * columns, -1)
        weights = kernel.transpose(2, 3, 1, 0).reshape(-1, kernel.shape[0])
        number = self._made.product(source, gathered, weights, bias)
        return tensor_of(number, counted((rows, columns, kernel.shape[0])).transpose(2, 0, 1))

    def _transposed(self, node: Node, arguments: Sequence[Tensor | Fixed | None]) -> Tensor:
        """One product for each phase of the stride: within one, all outputs use the same part of the kernel."""
        source, index, kernel, bias, (strides, dilations, pads, extra) = self._convolved(node, arguments)
        channels, outputs, *taps_of = kernel.shape
        reach = [(taps_of[a] - 1) * dilations[a] + 1 for a in range(2)]
        sides = [strides[a] * (index.shape[1 + a] - 1) + extra[a] + reach[a] - pads[a] - pads[2 + a] for a in range(2)]
        padded = np.pad(index, ((0, 0), (0, 1), (0, 1)), constant_values=-1)
        numbers, places = [], np.empty((outputs, *sides), np.int32)
        start = 0
        for phase in np.ndindex(strides[0], strides[1]):
            taps, reached, inputs = [], [], []
            for a in range(2):
                taps.append([k for k in range(taps_of[a]) if k * dilations[a] % strides[a] == phase[a]])
                along = np.arange(sides[a])
                reached.append(along[(along + pads[a]) % strides[a] == phase[a]])
                sources = reached[a][:, None] + pads[a] - np.array(taps[a], np.int64) * dilations[a]
                inputs.append(_within(sources // strides[a], index.shape[1 + a]))
            # (rows, columns, taps down, taps across, channels)
            gathered = padded[:, inputs[0][:, None, :, None], inputs[1][None, :, None, :]].transpose(1, 2, 3, 4, 0)
            rows = len(reached[0]) * len(reached[1])
            if not rows:
                continue
            weights = kernel[:, :, taps[0]][:, :, :, taps[1]].transpose(2, 3, 0, 1).reshape(-1, outputs)
            terms = gathered.reshape(rows, len(taps[0]) * len(taps[1]) * channels)
            numbers.append(self._made.product(source, terms, weights, bias, float(np.abs(kernel).max())))
            positions = start + np.arange(rows * outputs).reshape(len(reached[0]), len(reached[1]), outputs)
            places[:, reached[0][:, None], reached[1][None]] = positions.transpose(2, 0, 1)
            start += rows * outputs
        return tensor_of(numbers[0] if len(numbers) == 1 else self._made.join(numbers), places)

    def _convolved(
        self, node: Node, arguments: Sequence[Tensor | Fixed | None]
    ) -> tuple[int, Index, Floats, Floats, tuple[list[int], list[int], list[int], list[int]]]:
        tensor, kernel, bias = (*arguments, None)[:3]
        attributes = node.attributes
        if (
            not isinstance(tensor, Tensor)
            or isinstance(kernel, Tensor)
            or isinstance(bias, Tensor)
            or kernel is None
            or kernel.ndim != 4
            or attributes["group"] != 1
            or attributes["auto_pad"] not in ("NOTSET", "VALID")
            or "output_shape" in attributes
        ):
            raise _refusal(node)
        weights = np.asarray(kernel, np.float64)
        outputs = weights.shape[0 if node.kind == "Conv" else 1]
        numbers = (
            list(attributes.get("strides", [1, 1])),
            list(attributes.get("dilations", [1, 1])),
            list(attributes.get("pads", [0, 0, 0, 0])),
            list(attributes.get("output_padding", [0, 0])),
        )
        applied = self._made.applied(tensor)
        return (
            applied.source,
            applied.index(),
            weights,
            np.zeros(outputs) if bias is None else np.asarray(bias, np.float64),
            numbers,
        )

    def _finish(self, value: Tensor | Fixed) -> Output:
        if not isinstance(value, Tensor):
            numbers = np.asarray(value, np.float64)
            if numbers.ndim == 0 or len(numbers) != PROBE or (numbers != numbers[:1]).any():
                raise GraphError("has an output that is not one for each image")
            values = np.clip(np.rint(np.ldexp(numbers[0].ravel(), OUTPUT_FRACTION)), -LARGEST << OUTPUT_FRACTION, None)
            bound = int(np.abs(values).max(initial=0))
            node = nodes.Constant((0,), values.size, OUTPUT_FRACTION, bound, values)
            return Output(self._made.add(node), numbers.shape[1:])
        applied = self._made.applied(value)
        index = applied.index()
        return Output(self._made.rearranged(self._made.refined(applied.source, OUTPUT_FRACTION), index), index.shape)


def _refusal(node: Node) -> GraphError:
    return GraphError(f"has the operator {node.name}")


def _are_pixels(value: Tensor | Fixed | None) -> bool:
    """Whether it is the input itself, without a pending function."""
    return isinstance(value, Tensor) and value.source == 0 and value.function == X


def _pruned(made: Sequence[nodes.Node], outputs: dict[str, Output]) -> FixedPointNetwork:
    """The nodes that an output needs, renumbered."""
    used = {0} | {output.node for output in outputs.values()}
    for number in range(len(made) - 1, -1, -1):
        if number in used:
            used |= set(made[number].sources)
    remaining = sorted(used)
    new = {old: number for number, old in enumerate(remaining)}
    return FixedPointNetwork(
        [replace(made[old], sources=tuple(new[source] for source in made[old].sources)) for old in remaining],
        {name: Output(new[output.node], output.shape) for name, output in outputs.items()},
    )


def _constant(value: object) -> Expression:
    number = float(np.asarray(value).reshape(()))
    # Infinite bounds clip nothing; a distant finite one has the same effect in decimal arithmetic.
    return "constant", Fraction(min(max(number, -1e30), 1e30))


def _within(positions: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """Positions along a side; those outside become the side itself, where the padding is."""
    return np.where((positions < 0) | (positions >= side), side, positions)
