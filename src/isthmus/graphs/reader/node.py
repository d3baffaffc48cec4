"""Nodes of a graph, with all their attributes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from onnx.reference import ReferenceEvaluator

Fixed = NDArray[Any]
"""A tensor that does not depend on the input."""

_ONNX = ("", "ai.onnx")
"""The names of ONNX's own operators' domain."""


class GraphError(Exception):
    """What a graph has that cannot be read; the message continues "the graph"."""


@dataclass(frozen=True, eq=False)
class Node:
    """A node of a graph.

    Attributes:
        kind: The operator.
        proto: The node as the file has it.
        opset: The version of the operators.
        attributes: Every attribute of the operator by name, text as `str`; those that the file leaves out have their
            defaults.
    """

    kind: str
    proto: onnx.NodeProto
    opset: int
    attributes: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The operator and the node's own name, for messages."""
        return f"{self.kind} ({self.proto.name or self.proto.output[0]})"

    def run(self, arguments: Sequence[Fixed | None]) -> list[Fixed]:
        """Compute the node alone by ONNX's reference implementation.

        Raises:
            GraphError: If it cannot be computed.
        """
        given = {name: value for name, value in zip(self.proto.input, arguments, strict=True) if name}
        try:
            found = ReferenceEvaluator(self.proto, opsets={"": self.opset}).run(None, given)
        except Exception as error:  # operators fail with errors of many types
            raise GraphError(f"has the operator {self.name}, which cannot be computed ({error})") from None
        return [np.asarray(value) for value in found]


def nodes_for(model: onnx.ModelProto, outputs: Iterable[str]) -> list[Node]:
    """The nodes that outputs depend on, in order.

    Raises:
        GraphError: If one is no operator of ONNX itself, or has an attribute that its operator does not have.
    """
    opset = max((entry.version for entry in model.opset_import if entry.domain in _ONNX), default=1)
    wanted, needed = set(outputs), []
    for proto in reversed(model.graph.node):
        if wanted & set(proto.output):
            needed.append(_node(proto, opset))
            wanted |= set(proto.input)
    return needed[::-1]


def _node(proto: onnx.NodeProto, opset: int) -> Node:
    if proto.domain not in _ONNX or not onnx.defs.has(proto.op_type, opset):
        raise GraphError(f"has the operator {proto.op_type}, which ONNX {opset} does not have")
    schema = onnx.defs.get_schema(proto.op_type, opset)
    given = {attribute.name: _value(attribute) for attribute in proto.attribute}
    if unknown := given.keys() - schema.attributes.keys():
        raise GraphError(f"has the operator {proto.op_type} ({proto.name}) with the attribute {min(unknown)}")
    defaults = {
        name: _value(attribute.default_value)
        for name, attribute in schema.attributes.items()
        if attribute.default_value.type != onnx.AttributeProto.UNDEFINED
    }
    return Node(proto.op_type, proto, opset, {**defaults, **given})


def _value(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
