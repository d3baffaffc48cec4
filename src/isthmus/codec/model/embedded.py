"""Reading an embedded model: it may come from an untrusted source, so everything in it is checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from isthmus.codec.coder.distributions import PARAMETER_FRACTION, BlackOrWhite, Discretised, PixelModel
from isthmus.codec.coder.integers import unpack
from isthmus.codec.model.codec_model import ARRAYS, OPERATIONS, VERSION, CodecModel
from isthmus.codec.network import nodes
from isthmus.codec.network.bounds import largest_value
from isthmus.codec.network.fixed_point import FixedPointNetwork, Output
from isthmus.codec.network.nodes import EXACT, Node
from isthmus.codec.packed_json import from_json, whole
from isthmus.errors import ArchiveError, IsthmusError

MOST_NUMBERS = 1 << 25
"""Numbers in all arrays of an embedded model together, and in any of its tensors, at most."""
MOST_ALIVE = 1 << 27
"""Numbers that an embedded network needs in memory at once, for one image, at most."""
MOST_PRODUCTS = 1 << 33
"""Products in a node of an embedded model, for one image, at most."""
_MOST_TEXT = 1 << 24
_MOST_VALUES = 1 << 18
"""Bytes and values of the description's JSON, at most."""
_MOST_DIMENSIONS = 4
_MOST_SHIFT = 52
_LARGEST_PARAMETER = 1 << 30
"""Parameters up to this keep the arithmetic of posteriors and pixels below 2^63."""


def model_from_bytes(content: bytes) -> CodecModel:
    """Read what `CodecModel.to_bytes` gave.

    Raises:
        ArchiveError: If it is damaged, or of an unknown version.
    """
    try:
        return _read(content)
    except ArchiveError:
        raise
    except (IsthmusError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ArchiveError(f"the embedded model is damaged ({error}).") from None


def _read(content: bytes) -> CodecModel:
    length = int.from_bytes(content[:4], "little")
    entry = from_json(
        content[4 : 4 + length],
        "the embedded model's description",
        most_bytes=_MOST_TEXT,
        most_values=_MOST_VALUES,
    )
    if entry["version"] != VERSION:
        raise ArchiveError(f"the embedded model is of version {entry['version']}, and this isthmus reads {VERSION}.")
    packed = _Arrays(content[4 + length :], entry["arrays"])
    height, width, channels = (whole(side) for side in entry["shape"])
    networks = {name: _network(entry[name], packed, name) for name in ("encoder", "decoder")}
    kind = entry["pixels"]["kind"]
    pixels: PixelModel = BlackOrWhite()
    if kind != "bernoulli":
        if kind not in ("logistic", "normal"):
            raise ArchiveError(f"the embedded model's pixels are of an unknown kind, {kind!r}.")
        log_scale = entry["pixels"]["log_scale"]
        if log_scale is not None and not abs(int(log_scale)) <= _LARGEST_PARAMETER:
            raise ArchiveError(f"the embedded model's scale cannot be e^{log_scale!r:.40}.")
        pixels = Discretised(kind, bool(entry["pixels"]["mixture"]), None if log_scale is None else int(log_scale))
    model = CodecModel((height, width, channels), networks["encoder"], networks["decoder"], pixels, entry["threshold"])
    _check(model)
    return model


def _network(entry: Mapping[str, Any], packed: "_Arrays", name: str) -> FixedPointNetwork:
    """Read a network, and check that every node fits its sources."""
    made: list[Node] = []
    for number, node_entry in enumerate(entry["nodes"]):
        node = _node(node_entry, packed)
        sources = [made[source] for source in node.sources if 0 <= source < number]
        complete = len(sources) == len(node.sources) and isinstance(node, nodes.Input) == (number == 0)
        if not complete or not _fits(node, sources):
            raise ArchiveError(f"the embedded model's {name} does not fit together at node {number}.")
        made.append(node)
    outputs = {key: Output(whole(node, len(made)), _shape(shape)) for key, (node, shape) in entry["outputs"].items()}
    return FixedPointNetwork(made, outputs)


def _shape(entry: Sequence[Any]) -> tuple[int, ...]:
    if not 0 < len(entry) <= _MOST_DIMENSIONS:
        raise ArchiveError(f"the embedded model has a tensor of {len(entry)} dimensions.")
    return tuple(map(whole, entry))


class _Arrays:
    """Packed arrays, read in their order."""

    def __init__(self, content: bytes, entry: Sequence[Sequence[Any]]) -> None:
        self._content, self._told = content, iter(entry)
        self._start, self._room = 0, MOST_NUMBERS

    def read(self, shape: Sequence[int], dtype: Any) -> np.ndarray[Any, Any]:
        method, length = next(self._told, (None, None))
        if method is None or length is None or (count := math.prod(_shape(shape))) > self._room:
            raise ArchiveError(f"the embedded model has an array of shape {shape!r:.60}.")
        self._room -= count
        part = self._content[self._start : self._start + whole(length)]
        self._start += length
        return unpack(method, part, count).reshape(shape).astype(dtype)


def _node(entry: Mapping[str, Any], packed: _Arrays) -> Node:
    operation = OPERATIONS[entry["op"]]
    values: dict[str, Any] = {}
    for field in fields(operation):
        value = entry[field.name]
        if field.name in ARRAYS:
            values[field.name] = packed.read(value, ARRAYS[field.name])
        else:
            values[field.name] = tuple(int(v) for v in value) if field.name == "sources" else int(value)
    return operation(**values)


def _check(model: CodecModel) -> None:
    """Check that the networks fit each other and the images."""
    expected = {"encoder": ("mean", "log_variance"), "decoder": model.pixels.outputs}
    for name, network in (("encoder", model.encoder), ("decoder", model.decoder)):
        if set(network.outputs) != set(expected[name]):
            raise ArchiveError(f"the embedded model's {name} gives {', '.join(network.outputs)}.")
        for key in expected[name]:
            output = network.outputs[key]
            node = network.nodes[output.node]
            if (
                math.prod(output.shape) != node.size
                or node.fraction != PARAMETER_FRACTION
                or node.bound > _LARGEST_PARAMETER
            ):
                raise ArchiveError(f"the embedded model's {name} has an output {key!r} that does not fit.")
        if network.alive > MOST_ALIVE:
            raise ArchiveError(f"the embedded model's {name} needs {network.alive} numbers at once.")
    codes = model.decoder.nodes[0].size
    if any(model.encoder.outputs[key].shape != (codes,) for key in expected["encoder"]):
        raise ArchiveError("the embedded model's codes do not fit its networks.")
    if min(model.shape) < 1 or model.encoder.nodes[0].size != model.dims:
        raise ArchiveError("the embedded model does not fit its images.")
    for key in model.decoder.outputs:
        shape = model.decoder.outputs[key].shape
        np.broadcast_shapes(shape[: len(model.shape)], model.shape)
        if len(shape) != len(model.shape) + (isinstance(model.pixels, Discretised) and model.pixels.mixture):
            raise ArchiveError(f"the embedded model's {key!r} does not fit its images.")


def _fits(node: Node, sources: Sequence[Node]) -> bool:
    """Whether a node can be computed from its sources; shapes are checked before anything is computed from them."""
    if not 0 < node.size <= MOST_NUMBERS or not 0 <= node.fraction <= 32 or not 0 <= node.bound < EXACT:
        return False
    return _agrees(node, sources) and largest_value(node, sources) <= node.bound


def _agrees(node: Node, sources: Sequence[Node]) -> bool:
    """Whether the sizes of a node's arrays agree with each other and with its sources."""
    sizes = [source.size for source in sources]
    match node:
        case nodes.Input():
            return not sources
        case nodes.Lookup():
            return sizes == [node.size] and node.table.shape == (256,)
        case nodes.Interpolation():
            return sizes == [node.size] and node.table.shape == (2049,) and 6 <= node.source_fraction <= 32
        case nodes.Rectifier():
            return sizes == [node.size] and 0 <= node.slope <= 1 << 20
        case nodes.Product():
            rows, terms = node.index.shape
            return (
                len(sizes) == 1
                and node.weights.shape == (terms, len(node.bias))
                and rows * len(node.bias) == node.size
                and _inside(node.index, sizes[0])
                and 0 <= node.shift <= _MOST_SHIFT
                and rows * terms * len(node.bias) <= MOST_PRODUCTS
            )
        case nodes.Shifted():
            return sizes == [node.size] and node.values.shape == (node.size,)
        case nodes.Sum():
            return sizes == [node.size, node.size]
        case nodes.Join():
            return bool(sizes) and sum(sizes) == node.size
        case nodes.Rearranged():
            return len(sizes) == 1 and node.index.shape == (node.size,) and _inside(node.index, sizes[0])
        case nodes.Constant():
            return len(sizes) == 1 and node.values.shape == (node.size,)
        case _:
            return False


def _inside(index: np.ndarray[Any, Any], size: int) -> bool:
    return not index.size or bool(index.min() >= -1 and index.max() < size)
