"""The exact copy of a run's model: its two networks and its likelihood, as bytes and with a hash."""

import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.coder.bits_back import BitsBack
from isthmus.codec.coder.distributions import BlackOrWhite, Discretised, PixelModel
from isthmus.codec.coder.integers import pack
from isthmus.codec.network.fixed_point import FixedPointNetwork
from isthmus.codec.network.nodes import Node

VERSION = 1
"""The version of the quantisation from graphs to whole numbers: another one gives another model."""
OPERATIONS: Mapping[str, type[Node]] = {kind.__name__.lower(): kind for kind in Node.__subclasses__()}
"""The kinds of nodes by their names in a packed network: these are part of the format."""
ARRAYS = {"bias": np.float64, "index": np.int32, "table": np.int64, "values": np.float64, "weights": np.float64}
"""The fields of nodes that are arrays, which are packed behind the description, and their types."""


@dataclass(frozen=True, eq=False)
class CodecModel:
    """A model that codes images, in whole numbers.

    Attributes:
        shape: Height, width and channels of the images.
        encoder: The network from pixels to the posterior.
        decoder: The network from codes to the parameters of the pixels.
        pixels: The distribution of pixels, given these parameters.
        threshold: The brightness from 0 to 1 above which binarised pixels are white; None for models of grey.
    """

    shape: tuple[int, int, int]
    encoder: FixedPointNetwork
    decoder: FixedPointNetwork
    pixels: PixelModel
    threshold: float | None

    @property
    def coder(self) -> BitsBack:
        """The bits-back coder of the model."""
        return BitsBack(self.encoder, self.decoder, self.pixels)

    @property
    def dims(self) -> int:
        """The numbers in an image."""
        return math.prod(self.shape)

    @property
    def two_levels(self) -> bool:
        """Whether it codes only black and white pixels."""
        return isinstance(self.pixels, BlackOrWhite)

    def binarised(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Images binarised as in training; unchanged for models of grey."""
        if self.threshold is None:
            return images
        white = np.arange(256, dtype=np.float32) / np.float32(255) > self.threshold
        return np.where(white, np.uint8(255), np.uint8(0))[images]

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over the description and all arrays, before these are compressed."""
        description, arrays = self._parts()
        digest = hashlib.sha256(_as_json(description))
        for array in arrays:
            digest.update(np.ascontiguousarray(array, "<i8").tobytes())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """The model as compressed bytes."""
        description, arrays = self._parts()
        packed = [pack(array, regular=array.dtype != np.float64) for array in arrays]
        packed_as = [[method, len(content)] for method, content in packed]
        head = zlib.compress(_as_json({**description, "arrays": packed_as}), 9)
        return b"".join([len(head).to_bytes(4, "little"), head, *(content for _, content in packed)])

    def _parts(self) -> tuple[dict[str, Any], list[np.ndarray[Any, Any]]]:
        """The description, for JSON, and the arrays in the order in which it refers to them."""
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
            family, mixture, log_scale = self.pixels.family, self.pixels.mixture, self.pixels.log_scale
            likelihood = {"kind": family, "mixture": mixture, "log_scale": log_scale}
        about = {"version": VERSION, "shape": list(self.shape), "pixels": likelihood, "threshold": self.threshold}
        return {**about, **networks}, arrays


def _as_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _describe(node: Node, arrays: list[np.ndarray[Any, Any]]) -> dict[str, Any]:
    """A node for JSON; its arrays are appended to `arrays`, and described by their shapes."""
    entry: dict[str, Any] = {"op": type(node).__name__.lower()}
    for field in fields(node):
        value = getattr(node, field.name)
        if field.name in ARRAYS:
            arrays.append(value)
            entry[field.name] = list(value.shape)
        else:
            entry[field.name] = list(value) if field.name == "sources" else int(value)
    return entry
