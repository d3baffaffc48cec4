"""Translation of ONNX graphs to programs that a page can run."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray

from isthmus.errors import ExportError
from isthmus.explorer.export.layout import Layout, natural_order, shortest_period, tables_of
from isthmus.explorer.export.program import Program
from isthmus.graphs.reader.node import Fixed, GraphError, Node
from isthmus.graphs.reader.reader import Reader
from isthmus.graphs.reader.view import PROBE, View, positions_of
from isthmus.runs.sessions import open_graph
from isthmus.wording import one_line

FUNCTIONS = ("Abs", "Elu", "Erf", "Exp", "Floor", "Gelu", "LeakyRelu", "Log", "Neg", "Relu", "Round", "Sigmoid",
             "Softplus", "Sqrt", "Tanh")  # fmt: skip
"""Functions of one number, with their attributes as settings."""
ARITHMETIC = ("Add", "Div", "Greater", "Less", "Max", "Min", "Mul", "Pow", "Sub")
FOLDS = ("ReduceSum", "Softmax")
"""Operators along one axis."""
OTHERS = ("Cast", "Clip", "Conv", "ConvTranspose", "Gemm", "MatMul")


def translate(graph: bytes, outputs: Sequence[str], where: str) -> Program:
    """Translate a graph of one input.

    Args:
        graph: An ONNX file; its input's first dimension is the batch.
        outputs: The names of the outputs to compute; nodes that only others need are left out.
        where: The name of the file, for messages.

    Raises:
        RunError: If the graph is damaged, refers to files outside itself or holds control flow.
        ExportError: If it has an operator that a program cannot have; the message names it.
    """
    model = open_graph(graph, where)
    try:
        return _Translation(model).program(outputs)
    except GraphError as error:
        raise ExportError(
            f"{where}: the graph {error}, which a page cannot compute. Use the run here instead: `isthmus explore RUN`."
        ) from None
    except (ValueError, LookupError, TypeError, OverflowError) as error:  # of shapes that do not fit
        raise ExportError(f"{where}: the graph cannot be read ({one_line(error)}).") from error


class _Translation(Reader[View]):
    """A program under construction; the source of a view is the number of its buffer."""

    operators = frozenset((*FUNCTIONS, *ARITHMETIC, *FOLDS, *OTHERS))

    def __init__(self, model: onnx.ModelProto) -> None:
        self.lengths: list[int] = []
        self.steps: list[Mapping[str, Any]] = []
        self.weights: list[NDArray[np.float32]] = []
        shape = [size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim][1:]
        index = np.arange(math.prod(shape)).reshape(shape)
        super().__init__(model, View(self._buffer(index.size), positions_of(index)))

    def compute(self, node: Node, arguments: Sequence[Any]) -> View | Fixed:
        if not any(isinstance(argument, View) for argument in arguments):
            return node.run(arguments)[0]
        inputs: list[Any] = [_for_one_image(argument) for argument in arguments]
        layout = self._computed(node, inputs)
        return View(layout.buffer, positions_of(layout.index[0]))

    def _computed(self, node: Node, inputs: Sequence[Any]) -> Layout:
        match node.kind:
            case kind if kind in FUNCTIONS:
                return self._applied(kind, inputs[0], node.attributes)
            case kind if kind in ARITHMETIC:
                return self._combined(kind, *inputs)
            case kind if kind in FOLDS:
                return self._folded(kind, node.attributes, *inputs)
            case "Cast":
                integer = node.attributes["to"] not in (onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL)
                return self._applied("Trunc", inputs[0], {}) if integer else cast("Layout", inputs[0])
            case "Clip":
                value: Layout = inputs[0]
                for kind, bound in zip(("Max", "Min"), inputs[1:], strict=False):
                    value = value if bound is None else self._combined(kind, value, bound)
                return value
            case "Conv" | "ConvTranspose":
                return self._convolved(node.kind, node.attributes, *inputs)
            case _:
                return self._multiplied(node.attributes, *inputs)

    def program(self, outputs: Sequence[str]) -> Program:
        """The program that computes these outputs."""
        given: dict[str, Mapping[str, Any]] = {}
        for name, read in self.read(outputs).items():
            value = _for_one_image(read)
            if isinstance(value, Layout):
                given[name] = {"buffer": self._in_order(value).buffer, "shape": _shape(value)[1:]}
            else:  # a learned scale is the same for every input
                given[name] = {"weight": self._weight(value), "shape": _shape(value)[1:]}
        weights = np.concatenate([np.zeros(0, np.float32), *self.weights])
        return Program(tuple(self.lengths), tuple(self.steps), given, weights)

    def _applied(self, kind: str, layout: Any, settings: Mapping[str, Any]) -> Layout:
        # A function of zero need not be zero, so padding is materialised first.
        layout = self._laid_out(layout, natural_order(layout.index)) if layout.is_padded else layout
        buffer = self._buffer(self.lengths[layout.buffer])
        self.steps.append({"do": "apply", "function": kind, **settings, "from": layout.buffer, "to": buffer})
        return Layout(buffer, layout.index)

    def _combined(self, kind: str, first: Any, second: Any) -> Layout:
        shape = np.broadcast_shapes(_shape(first), _shape(second))
        first, second = _spread(first, shape), _spread(second, shape)
        layouts = [value for value in (first, second) if isinstance(value, Layout)]
        if len(layouts) == 2 and not np.array_equal(layouts[0].index, layouts[1].index):
            first, second = self._in_order(first), self._in_order(second)
            layouts = [first, second]
        elif len(layouts) == 1 and not layouts[0].fills(self.lengths[layouts[0].buffer]):
            # The constant gets the layout of the buffer, which needs a place for each of its numbers.
            layouts = [self._laid_out(layouts[0], natural_order(layouts[0].index))]
            first, second = (layouts[0] if isinstance(value, Layout) else value for value in (first, second))
        buffer = self._buffer(self.lengths[layouts[0].buffer])
        operands = [self._operand(value, layouts[0]) for value in (first, second)]
        self.steps.append({"do": "combine", "function": kind, "operands": operands, "to": buffer})
        return Layout(buffer, layouts[0].index)

    def _operand(self, value: Any, host: Layout) -> Mapping[str, Any]:
        if isinstance(value, Layout):
            return {"buffer": value.buffer}
        numbers = np.empty(self.lengths[host.buffer], np.float32)
        numbers[host.index] = value
        return {"weight": self._weight(shortest_period(numbers))}

    def _folded(self, kind: str, attributes: Mapping[str, Any], layout: Any, axes: Any = None) -> Layout:
        along = np.ravel(attributes.get("axis", -1) if kind == "Softmax" else attributes.get("axes", axes))
        if not isinstance(layout, Layout) or isinstance(axes, Layout) or len(along) != 1 or along[0] is None:
            raise GraphError(f"has a {kind} along other than one axis")
        axis = int(along[0]) % layout.index.ndim
        layout = self._laid_out(layout, (*(other for other in range(layout.index.ndim) if other != axis), axis))
        length = layout.index.shape[axis]
        same = kind == "Softmax"
        buffer = self._buffer(layout.index.size if same else layout.index.size // length)
        self.steps.append({"do": "fold", "function": kind, "length": length, "from": layout.buffer, "to": buffer})
        if same:
            return Layout(buffer, layout.index)
        index = layout.index.take([0] if attributes.get("keepdims", 1) else 0, axis)
        return Layout(buffer, index // length)

    def _convolved(
        self, kind: str, attributes: Mapping[str, Any], layout: Any, weight: Any, bias: Any = None
    ) -> Layout:
        settings = {"dilations": [1, 1], **attributes}
        if isinstance(weight, Layout) or weight.ndim != 4:
            raise GraphError(f"has a {kind} of something other than images with weights")
        if settings["group"] != 1 or set(settings["dilations"]) != {1}:
            raise GraphError(f"has a {kind} with groups or dilations; a page knows neither")
        if settings["auto_pad"] != "NOTSET" or "output_shape" in settings:
            raise GraphError(f"has a {kind} that leaves its padding to the reader")
        transposed = kind == "ConvTranspose"
        # Either way: output channel, kernel row, kernel column, input channel.
        kernel = weight.transpose((1, 2, 3, 0) if transposed else (0, 2, 3, 1))
        channels, *taps, depth = kernel.shape
        pads, strides = settings.get("pads", [0] * 4), settings.get("strides", [1, 1])
        sides = _sides(layout.index.shape[2:], taps, strides, pads, settings.get("output_padding", [0, 0]), transposed)
        tables = tables_of(layout.index[0].transpose(1, 2, 0))
        # The channels of a pixel have to be adjacent.
        if tables is None or not np.array_equal(tables[2], np.arange(depth)):
            layout = self._laid_out(layout, (0, 2, 3, 1))
            tables = tables_of(layout.index[0].transpose(1, 2, 0))
            assert tables is not None
        buffer = self._buffer(sides[0] * sides[1] * channels)
        self.steps.append({
            "do": "convolve", "transposed": transposed, "from": layout.buffer, "to": buffer,
            "rows": tables[0].tolist(), "columns": tables[1].tolist(), "depth": depth,
            "size": [*sides, channels], "kernel": taps, "strides": strides, "pads": pads[:2],
            "weight": self._weight(kernel), "bias": self._weight(np.zeros(channels) if bias is None else bias),
        })  # fmt: skip
        return Layout(buffer, np.arange(self.lengths[buffer]).reshape(1, *sides, channels).transpose(0, 3, 1, 2))

    def _multiplied(self, attributes: Mapping[str, Any], layout: Any, weight: Any, bias: Any = None) -> Layout:
        settings = {"transA": 0, "transB": 0, "alpha": 1.0, "beta": 1.0, **attributes}
        if (
            not isinstance(layout, Layout)
            or not isinstance(weight, np.ndarray)
            or len(_shape(layout)) != 2
            or settings["transA"]
        ):
            raise GraphError("multiplies matrices other than a row of numbers with weights")
        # One row to each output, so that a product reads memory in order.
        matrix = settings["alpha"] * (weight if settings["transB"] else weight.T)
        layout = self._in_order(layout)
        buffer = self._buffer(len(matrix))
        shift = np.zeros(len(matrix)) if bias is None else np.broadcast_to(settings["beta"] * bias.ravel(), len(matrix))
        step = {"do": "multiply", "from": layout.buffer, "to": buffer}
        self.steps.append({**step, "weight": self._weight(matrix), "bias": self._weight(shift)})
        return Layout(buffer, np.arange(len(matrix)).reshape(1, -1))

    def _in_order(self, layout: Any) -> Layout:
        """The same tensor, with its elements in order in its buffer."""
        return (
            layout
            if layout.is_in_order(self.lengths[layout.buffer])
            else self._laid_out(layout, range(layout.index.ndim))
        )

    def _laid_out(self, layout: Layout, order: Iterable[int]) -> Layout:
        """The same tensor in a new buffer, with its axes in this order."""
        axes = tuple(order)
        tables = tables_of(layout.index.transpose(axes))
        if tables is None:
            raise GraphError("moves numbers in a way that differs between rows or columns")
        size = layout.index.size
        buffer = self._buffer(size)
        moves = {"do": "gather", "from": layout.buffer, "to": buffer, "tables": [table.tolist() for table in tables]}
        self.steps.append(moves)
        shape = tuple(len(table) for table in tables)
        return Layout(buffer, np.arange(size).reshape(shape).transpose(np.argsort(axes)))

    def _buffer(self, length: int) -> int:
        self.lengths.append(int(length))
        return len(self.lengths) - 1

    def _weight(self, values: NDArray[Any]) -> list[int]:
        """Add weights; where they start among all, and their number."""
        start = sum(len(part) for part in self.weights)
        self.weights.append(np.asarray(values, np.float32).ravel())
        return [start, values.size]


def _for_one_image(value: Any) -> Any:
    """A view as a layout with a batch of one; a constant for a batch without the other images."""
    if isinstance(value, View):
        return Layout(value.source, value.index()[None].astype(np.int64))
    if isinstance(value, np.ndarray) and value.ndim > 1 and len(value) == PROBE and (value == value[:1]).all():
        return value[:1]
    return value


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.index.shape if isinstance(value, Layout) else value.shape)


def _spread(value: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast to a shape."""
    if isinstance(value, Layout):
        return value if value.index.shape == shape else Layout(value.buffer, np.broadcast_to(value.index, shape))
    return np.broadcast_to(value, shape)


def _sides(
    sizes: Sequence[int], taps: Sequence[int], strides: Sequence[int], pads: Sequence[int], extra: Sequence[int],
    transposed: bool,
) -> list[int]:  # fmt: skip
    """The height and width that a convolution gives."""
    margins = [pads[0] + pads[2], pads[1] + pads[3]]
    if transposed:
        return [(s - 1) * d + t - m + e for s, t, d, m, e in zip(sizes, taps, strides, margins, extra, strict=True)]
    return [(s + m - t) // d + 1 for s, t, d, m in zip(sizes, taps, strides, margins, strict=True)]
