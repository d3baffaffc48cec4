"""Programs: a network as the page runs it, one image at a time, with nothing but arrays and loops.

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
    """What to do with one input, step by step.

    Attributes:
        lengths: Of each buffer, in numbers; the input is the first buffer.
        steps: Each reads buffers and fills one; `page/network.js` says what each kind takes.
        outputs: Of each output by name, its shape without the batch, and its buffer or (of a constant) its weight.
        weights: All weights, float32 `(n,)`; steps name theirs as `[start, length]`.
    """

    lengths: tuple[int, ...]
    steps: tuple[Mapping[str, Any], ...]
    outputs: Mapping[str, Mapping[str, Any]]
    weights: NDArray[np.float32]

    def to_json(self, precision: Precision = "float32") -> dict[str, Any]:
        """Values for JSON, the weights in little-endian base64."""
        packed = self.weights.astype("<f2" if precision == "float16" else "<f4")
        return {
            "lengths": self.lengths,
            "steps": self.steps,
            "outputs": self.outputs,
            "precision": precision,
            "weights": base64.b64encode(packed.tobytes()).decode("ascii"),
        }
