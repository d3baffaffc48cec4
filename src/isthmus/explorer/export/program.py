"""Programs: networks as the page runs them, one image at a time, with arrays and loops.

`page/network.js` runs them; `translation` makes them of ONNX graphs.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Precision = Literal["float32", "float16"]


@dataclass(frozen=True, eq=False)
class Program:
    """The steps that compute a network for one input.

    Attributes:
        lengths: The number of elements of each buffer; the first buffer is the input.
        steps: Each reads buffers and fills one; `page/network.js` documents their kinds.
        outputs: For each output by name, its shape without the batch, and its buffer or, if constant, its weight.
        weights: All weights, float32 `(n,)`; steps refer to theirs by `[start, length]`.
    """

    lengths: tuple[int, ...]
    steps: tuple[Mapping[str, Any], ...]
    outputs: Mapping[str, Mapping[str, Any]]
    weights: NDArray[np.float32]

    def to_json(self, precision: Precision = "float32") -> dict[str, Any]:
        """JSON values, with the weights in little-endian base64."""
        packed = self.weights.astype("<f2" if precision == "float16" else "<f4")
        return {
            "lengths": self.lengths,
            "steps": self.steps,
            "outputs": self.outputs,
            "precision": precision,
            "weights": base64.b64encode(packed.tobytes()).decode("ascii"),
        }
