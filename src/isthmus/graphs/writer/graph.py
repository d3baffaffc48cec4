"""An ONNX graph under construction."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET = 20
IR_VERSION = 9  # the first with this opset
BATCH = "n"
"""The name of the free first dimension."""
_TO_CHANNELS_FIRST, _TO_CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_GRID_RANK = 4


@dataclass(frozen=True)
class Value:
    """A tensor of the graph.

    Attributes:
        name: Its name in the graph.
        shape: As Keras has it: channels last, None for a free dimension.
        dtype: The name of its type, such as `float32`.
        channels_first: Whether the graph has it as `(n, channels, height, width)`.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    channels_first: bool = False


class Graph:
    """Nodes and constants, named by layer, operator and number, so that equal models give equal bytes.

    Attributes:
        layer: The name of the layer whose nodes are being added; it is part of their names.
    """

    def __init__(self) -> None:
        self.layer = ""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._transposed: dict[str, str] = {}

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node of one output, and return the output's name."""
        return self.add_several(kind, *inputs, outputs=1, **attributes)[0]

    def add_several(self, kind: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """Append a node of several outputs, and return their names."""
        name = "/".join(part for part in (self.layer, f"{kind}_{len(self._nodes)}") if part)
        names = [name if i == 0 else f"{name}.{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, name, **attributes))
        return names

    def constant(self, values: Any, dtype: str) -> str:
        """The name of a constant; equal ones are stored once."""
        array = np.array(array_of(values), dtype, order="C")
        key = dtype, array.shape, array.tobytes()
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"constant_{len(self._constants)}")
        return str(self._constants[key].name)

    def integers(self, values: Iterable[int]) -> str:
        """The name of a constant `(k,)` of int64, such as a shape or axes."""
        return self.constant(np.array(list(values), np.int64), "int64")

    def channels_last(self, value: Value) -> Value:
        """The value as Keras has it."""
        return self._ordered(value, False)

    def channels_first(self, value: Value) -> Value:
        """A value of rank 4 as ONNX's operators on images take it."""
        return self._ordered(value, True)

    def _ordered(self, value: Value, channels_first: bool) -> Value:
        if value.channels_first == channels_first:
            return value
        if value.name not in self._transposed:
            perm = _TO_CHANNELS_FIRST if channels_first else _TO_CHANNELS_LAST
            name = self.add("Transpose", value.name, perm=perm)
            self._transposed[value.name], self._transposed[name] = name, value.name
        return replace(value, name=self._transposed[value.name], channels_first=channels_first)

    def cast(self, value: Value, dtype: str) -> Value:
        """The value with another type."""
        if value.dtype == dtype:
            return value
        to = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return replace(value, name=self.add("Cast", value.name, to=to), dtype=dtype)

    def aligned(self, operands: Sequence[Any], dtypes: Sequence[str]) -> tuple[list[str], bool]:
        """Operands that broadcast, values or constants, in one order and with these types.

        Returns:
            Their names, and whether they are channels first: if one is, all whose order matters are made so.
        """
        values = [operand for operand in operands if isinstance(operand, Value)]
        channels_first = any(v.channels_first for v in values) and all(len(v.shape) in (0, _GRID_RANK) for v in values)
        names = []
        for operand, dtype in zip(operands, dtypes, strict=True):
            if isinstance(operand, Value):
                in_order = channels_first and len(operand.shape) == _GRID_RANK
                names.append(self.cast(self._ordered(operand, in_order), dtype).name)
                continue
            array = array_of(operand)
            if channels_first and array.ndim:
                array = array.reshape((1,) * (_GRID_RANK - array.ndim) + array.shape).transpose(_TO_CHANNELS_FIRST)
            names.append(self.constant(array, dtype))
        return names, channels_first

    def to_model(self, inputs: Sequence[Value], outputs: Sequence[tuple[str, Value]]) -> onnx.ModelProto:
        """The finished graph; outputs have the names given, and their first dimension is the batch."""
        self.layer = ""
        for name, value in outputs:
            last = self.channels_last(value)
            self._nodes.append(helper.make_node("Identity", [last.name], [name], f"Identity_{len(self._nodes)}"))
        graph = helper.make_graph(
            self._nodes,
            "isthmus",
            [_end(value.name, value) for value in inputs],
            [_end(name, value) for name, value in outputs],
            list(self._constants.values()),
        )
        return helper.make_model(
            graph,
            producer_name="isthmus",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )


def array_of(constant: Any) -> NDArray[Any]:
    """A number, an array, a Keras variable or a backend's tensor as an array."""
    if isinstance(constant, int | float | bool | np.ndarray | np.generic):
        return np.asarray(constant)
    return np.asarray(keras.ops.convert_to_numpy(constant))


def channels_first_axis(axis: int) -> int:
    """Where an axis of a channels-last image is when channels come first."""
    return _TO_CHANNELS_FIRST.index(axis)


def _end(name: str, value: Value) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype))
    free = itertools.chain([BATCH], itertools.repeat(None))
    shape = [next(free) if size is None else size for size in value.shape]
    return helper.make_tensor_value_info(name, kind, shape)
