"""The categorical likelihood: each pixel one of several classes."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.probability.likelihoods.base import Parameters


@dataclass(frozen=True)
class Categorical:
    """Each pixel of a mask is of class k with the probability softmax(logits)ₖ.

    Masks are images of one channel whose 8-bit value is the number of the class, so that from 0 to 1 class k is k/255.
    """

    classes: int
    parameter_names: ClassVar[tuple[str, ...]] = ("logits",)
    initial_log_scale: ClassVar[None] = None
    initial_output: ClassVar[float] = 0.0

    def output_channels(self, channels: int) -> int:
        """A logit for each class."""
        return self.classes

    def parameters(self, xp: Any, outputs: Any, log_scale: Any = None) -> Parameters:
        """The logits as they are."""
        return {"logits": outputs}

    def distortion(self, xp: Any, images: Any, parameters: Parameters) -> Any:
        """Cross-entropy of masks `(batch, h, w, 1)` under logits `(batch, h, w, classes)`: nats, `(batch,)`."""
        logits = parameters["logits"]
        away = xp.abs(255.0 * images - np.arange(self.classes, dtype=np.float32))
        chosen = xp.sum(xp.maximum(1.0 - away, 0.0) * logits, axis=-1)  # a class is whole numbers from the others
        return xp.sum(xp.logsumexp(logits, axis=-1) - chosen, axis=(1, 2))

    def mean(self, xp: Any, parameters: Parameters) -> Any:
        """The likeliest class of each pixel, as a mask has it: between classes there is no mean."""
        logits = parameters["logits"]
        # Not argmax, which TensorFlow's exporter spells with an operator that ONNX Runtime lacks.
        numbers = np.arange(self.classes, dtype=np.float32)
        behind = logits < xp.max(logits, axis=-1, keepdims=True)
        return xp.min(xp.where(behind, float(self.classes), numbers), axis=-1, keepdims=True) / 255.0

    def sample(self, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.floating]:
        """Masks, each pixel drawn by itself."""
        logits = np.asarray(parameters["logits"])
        drawn = np.argmax(logits + rng.gumbel(size=logits.shape), axis=-1)  # Gumbel-max
        return np.asarray(drawn[..., np.newaxis] / 255, np.float32)
