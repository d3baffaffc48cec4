"""The exact copy of a run's model: its two networks and its likelihood, as bytes, with the hash that names it."""

import hashlib
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from isthmus.codec.bits_back import BitsBack
from isthmus.codec.container import from_json
from isthmus.codec.distributions import (
    CODE_BITS,
    CODE_OFFSET,
    PARAMETER_FRACTION,
    BlackOrWhite,
    Discretised,
    PixelModel,
)
from isthmus.codec.fixed_point import (
    EXACT,
    Constant,
    FixedPointNetwork,
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
    largest_value,
)
from isthmus.codec.packing import pack, unpack
from isthmus.codec.quantising import quantise
from isthmus.codec.scalars import evaluate, rounded
from isthmus.errors import ArchiveError, IsthmusError, RunError
from isthmus.recipes import BernoulliLikelihood, GaussianLikelihood, Likelihood, LogisticLikelihood
from isthmus.runs import Run, require_autoencoder
from isthmus.runs.folder import read_file

VERSION = 1
"""Of the way from a run's graphs to whole numbers: another way gives another model."""
CODED_LIKELIHOODS = (BernoulliLikelihood, GaussianLikelihood, LogisticLikelihood)
"""Likelihoods under which each level of a pixel has a probability that whole numbers can tell."""
MOST_NUMBERS = 1 << 25
"""In all arrays of an embedded model together, and in a tensor of it, at most."""
MOST_ALIVE = 1 << 27
"""Numbers of an embedded network that are needed at once in computing one image, at most."""
MOST_PRODUCTS = 1 << 33
"""In computing a node of an embedded model for one image, at most."""
_MOST_TEXT = 1 << 24
_LARGEST_PARAMETER = 1 << 30
"""What a posterior or a pixel is computed from below 2^63."""
_OPERATIONS: Mapping[str, type[Node]] = {
    "constant": Constant,
    "input": Input,
    "interpolation": Interpolation,
    "join": Join,
    "lookup": Lookup,
    "product": Product,
    "rearranged": Rearranged,
    "rectifier": Rectifier,
    "shifted": Shifted,
    "sum": Sum,
}
_NAMES = {operation: name for name, operation in _OPERATIONS.items()}
_ARRAYS = {"bias": np.float64, "index": np.int32, "table": np.int64, "values": np.float64, "weights": np.float64}


@dataclass(frozen=True, eq=False)
class CodecModel:
    """What codes images, in whole numbers.

    Attributes:
        shape: Of the images: height, width, channels.
        encoder: From pixels to the posterior.
        decoder: From codes to the parameters of the pixels.
        pixels: What the parameters mean.
        threshold: The brightness from 0 to 1 above which the model takes a grey pixel for white; None if it takes grey.
    """

    shape: tuple[int, int, int]
    encoder: FixedPointNetwork
    decoder: FixedPointNetwork
    pixels: BlackOrWhite | Discretised
    threshold: float | None

    @property
    def coder(self) -> BitsBack:
        """What codes images on a stack."""
        pixels: PixelModel = self.pixels
        return BitsBack(self.encoder, self.decoder, pixels)

    @property
    def dims(self) -> int:
        """The numbers in an image."""
        return math.prod(self.shape)

    @property
    def two_levels(self) -> bool:
        """Whether it codes black and white alone."""
        return isinstance(self.pixels, BlackOrWhite)

    def crisp(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Images made black and white as the model sees them; as they are if it takes grey."""
        if self.threshold is None:
            return images
        white = np.arange(256, dtype=np.float32) / np.float32(255) > self.threshold
        return np.where(white, np.uint8(255), np.uint8(0))[images]

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over the description and all numbers as they are."""
        description, arrays = self._parts()
        digest = hashlib.sha256(_as_json(description))
        for array in arrays:
            digest.update(np.ascontiguousarray(array, "<i8").tobytes())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """The model, packed."""
        description, arrays = self._parts()
        packed = [pack(array, regular=array.dtype != np.float64) for array in arrays]
        told = {**description, "arrays": [[method, len(content)] for method, content in packed]}
        head = zlib.compress(_as_json(told), 9)
        return b"".join([len(head).to_bytes(4, "little"), head, *(content for _, content in packed)])

    def _parts(self) -> tuple[dict[str, Any], list[np.ndarray[Any, Any]]]:
        """What it is, for JSON, and the arrays in the order in which they are mentioned."""
        arrays: list[np.ndarray[Any, Any]] = []
        networks = {
            name: {
                "nodes": [_describe(node, arrays) for node in network.nodes],
                "outputs": {key: [output.node, list(output.shape)] for key, output in network.outputs.items()},
            }
            for name, network in (("encoder", self.encoder), ("decoder", self.decoder))
        }
        likelihood: dict[str, Any] = {"kind": "bernoulli"}
        if isinstance(self.pixels, Discretised):
            likelihood = {
                "kind": self.pixels.family,
                "mixture": self.pixels.mixture,
                "log_scale": self.pixels.log_scale,
            }
        description = {
            "version": VERSION,
            "shape": list(self.shape),
            "pixels": likelihood,
            "threshold": self.threshold,
            **networks,
        }
        return description, arrays


def obstacle(run: Run) -> str:
    """Why a run's model is of a kind that has no exact copy; empty if it is not, as far as its recipe tells."""
    recipe = run.recipe
    if recipe.latent.kind != "gaussian":
        return (
            f"{run.path} is a plain autoencoder: its codes have no probabilities, so they cannot be coded without "
            "loss. Train a VAE, such as --recipe dense-vae."
        )
    if run.image.dtype != "uint8":
        return f"{run.path} takes float pixels; lossless compression is for 8-bit images."
    if not isinstance(recipe.likelihood, CODED_LIKELIHOODS):
        return (
            f"{run.path} has the likelihood {recipe.likelihood.kind!r}, under which levels of grey have no probability "
            "that the codec knows. Train with --set likelihood=logistic, or likelihood=bernoulli for black and white."
        )
    return ""


def model_of(run: Run) -> CodecModel:
    """Make the exact copy of a run's model.

    Raises:
        UsageError: If the run restores pictures.
        RunError: If the run is of a kind that has none: a plain autoencoder, a likelihood that gives levels no
            probability, float pixels, or a network with an operator that has no exact copy.
    """
    require_autoencoder(run)
    if fault := obstacle(run):
        raise RunError(fault)
    recipe = run.recipe
    pixels = _pixel_model(recipe.likelihood)
    graphs = {name: _graph(run, name) for name in ("encoder", "decoder")}
    encoder = quantise(
        graphs["encoder"], ("mean", "log_variance"), run.image.shape, 0, 255, str(run.path / "encoder.onnx")
    )
    where = str(run.path / "decoder.onnx")
    decoder = quantise(graphs["decoder"], pixels.outputs, (recipe.latent.dim,), CODE_BITS, CODE_OFFSET, where)
    two_levels = isinstance(pixels, BlackOrWhite)
    return CodecModel(run.image.shape, encoder, decoder, pixels, recipe.pixels.threshold if two_levels else None)


def model_from_bytes(content: bytes) -> CodecModel:
    """Read a model that was packed.

    Raises:
        ArchiveError: If it is damaged, or of a version that is not known.
    """
    try:
        return _read(content)
    except ArchiveError:
        raise
    except (
        IsthmusError,
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        OverflowError,
        AssertionError,
        AttributeError,
    ) as error:
        raise ArchiveError(f"the embedded model is damaged ({error}).") from None


def _pixel_model(likelihood: Likelihood) -> BlackOrWhite | Discretised:
    assert isinstance(likelihood, CODED_LIKELIHOODS)
    if isinstance(likelihood, BernoulliLikelihood):
        return BlackOrWhite()
    if isinstance(likelihood, LogisticLikelihood):
        return Discretised("logistic", mixture=likelihood.components > 1)
    log_scale = None
    if likelihood.scale == "fixed":
        constant = ("constant", Fraction(likelihood.sigma))
        log_scale = rounded(evaluate(("Log", constant), Fraction(0)), PARAMETER_FRACTION)
    return Discretised("normal", log_scale=log_scale)


def _graph(run: Run, name: str) -> onnx.ModelProto:
    if name not in run.manifest.graphs:
        raise RunError(f"{run.path}: the manifest declares no {name}.")
    model = onnx.load_model_from_string(read_file(run.path, run.manifest.graphs[name].file, run.manifest))
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise RunError(f"{run.path}: the {name} keeps its weights in other files; isthmus refuses such graphs.")
    return model


def _as_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _describe(node: Node, arrays: list[np.ndarray[Any, Any]]) -> dict[str, Any]:
    """A node for JSON; its arrays are appended, and told by their shapes."""
    told: dict[str, Any] = {"op": _NAMES[type(node)]}
    for field in fields(node):
        value = getattr(node, field.name)
        if field.name in _ARRAYS:
            arrays.append(value)
            told[field.name] = list(value.shape)
        else:
            told[field.name] = list(value) if field.name == "sources" else int(value)
    return told


def _read(content: bytes) -> CodecModel:
    length = int.from_bytes(content[:4], "little")
    told = from_json(content[4 : 4 + length], "the embedded model's description", _MOST_TEXT)
    if told["version"] != VERSION:
        raise ArchiveError(f"the embedded model is of version {told['version']}, and this isthmus reads {VERSION}.")
    packed = _Arrays(content[4 + length :], told["arrays"])
    height, width, channels = (int(side) for side in told["shape"])
    networks = {
        name: FixedPointNetwork(
            [_node(entry, packed) for entry in told[name]["nodes"]],
            {key: Output(int(node), tuple(shape)) for key, (node, shape) in told[name]["outputs"].items()},
        )
        for name in ("encoder", "decoder")
    }
    kind = told["pixels"]["kind"]
    pixels: BlackOrWhite | Discretised = BlackOrWhite()
    if kind != "bernoulli":
        if kind not in ("logistic", "normal"):
            raise ArchiveError(f"the embedded model's pixels are of an unknown kind, {kind!r}.")
        log_scale = told["pixels"]["log_scale"]
        if log_scale is not None and not abs(int(log_scale)) <= _LARGEST_PARAMETER:
            raise ArchiveError(f"the embedded model's scale cannot be e^{log_scale!r:.40}.")
        pixels = Discretised(kind, bool(told["pixels"]["mixture"]), None if log_scale is None else int(log_scale))
    model = CodecModel((height, width, channels), networks["encoder"], networks["decoder"], pixels, told["threshold"])
    _check(model)
    return model


class _Arrays:
    """Packed arrays, read in their order."""

    def __init__(self, content: bytes, told: Sequence[Sequence[Any]]) -> None:
        self._content, self._told = content, iter(told)
        self._start, self._room = 0, MOST_NUMBERS

    def read(self, shape: Sequence[int], dtype: Any) -> np.ndarray[Any, Any]:
        method, length = next(self._told, (None, None))
        count = math.prod(shape)
        if method is None or length is None or not 0 <= count <= self._room or any(side < 0 for side in shape):
            raise ArchiveError(f"the embedded model has an array of shape {shape!r:.60}.")
        self._room -= count
        part = self._content[self._start : self._start + length]
        self._start += length
        return unpack(method, part, count).reshape(shape).astype(dtype)


def _node(entry: Mapping[str, Any], packed: _Arrays) -> Node:
    operation = _OPERATIONS[entry["op"]]
    values: dict[str, Any] = {}
    for field in fields(operation):
        value = entry[field.name]
        if field.name in _ARRAYS:
            values[field.name] = packed.read(value, _ARRAYS[field.name])
        else:
            values[field.name] = tuple(int(v) for v in value) if field.name == "sources" else int(value)
    return operation(**values)


def _check(model: CodecModel) -> None:
    """Check that every node fits its sources: a stranger may have made the model."""
    wanted = {"encoder": ("mean", "log_variance"), "decoder": model.pixels.outputs}
    for name, network in (("encoder", model.encoder), ("decoder", model.decoder)):
        if set(network.outputs) != set(wanted[name]):
            raise ArchiveError(f"the embedded model's {name} gives {', '.join(network.outputs)}.")
        for number, node in enumerate(network.nodes):
            sources = [network.nodes[source] for source in node.sources if 0 <= source < number]
            told = len(sources) == len(node.sources) and isinstance(node, Input) == (number == 0)
            if not told or not _fits(node, sources):
                raise ArchiveError(f"the embedded model's {name} does not fit together at node {number}.")
        for key in wanted[name]:
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
    if any(model.encoder.outputs[key].shape != (codes,) for key in wanted["encoder"]):
        raise ArchiveError("the embedded model's codes do not fit its networks.")
    if min(model.shape) < 1 or model.encoder.nodes[0].size != model.dims:
        raise ArchiveError("the embedded model does not fit its images.")
    for key in model.decoder.outputs:
        shape = model.decoder.outputs[key].shape
        np.broadcast_shapes(shape[: len(model.shape)], model.shape)
        if len(shape) != len(model.shape) + (isinstance(model.pixels, Discretised) and model.pixels.mixture):
            raise ArchiveError(f"the embedded model's {key!r} does not fit its images.")


def _fits(node: Node, sources: Sequence[Node]) -> bool:
    sizes = [source.size for source in sources]
    if not 0 < node.size <= MOST_NUMBERS or not 0 <= node.fraction <= 32 or not 0 <= node.bound < EXACT:
        return False
    if largest_value(node, sources) > node.bound:
        return False
    match node:
        case Input():
            return not sources
        case Lookup():
            return sizes == [node.size] and node.table.shape == (256,)
        case Interpolation():
            return sizes == [node.size] and node.table.shape == (2049,) and 6 <= node.source_fraction <= 32
        case Rectifier():
            return sizes == [node.size] and 0 <= node.slope <= 1 << 20
        case Product():
            rows, terms = node.index.shape
            return (
                len(sizes) == 1
                and node.weights.shape == (terms, len(node.bias))
                and rows * len(node.bias) == node.size
                and _inside(node.index, sizes[0])
                and 0 <= node.shift <= 52
                and rows * terms * len(node.bias) <= MOST_PRODUCTS
            )
        case Shifted():
            return sizes == [node.size] and node.values.shape == (node.size,)
        case Sum():
            return sizes == [node.size, node.size]
        case Join():
            return bool(sizes) and sum(sizes) == node.size
        case Rearranged():
            return len(sizes) == 1 and node.index.shape == (node.size,) and _inside(node.index, sizes[0])
        case Constant():
            return len(sizes) == 1 and node.values.shape == (node.size,)
        case _:
            return False


def _inside(index: np.ndarray[Any, Any], size: int) -> bool:
    return not index.size or bool(index.min() >= -1 and index.max() < size)
