"""Pixels that are black or white."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.probability.likelihoods.base import Parameters


@dataclass(frozen=True)
class Bernoulli:
    """Each pixel is white with the probability sigmoid(logits)."""

    parameter_names: ClassVar[tuple[str, ...]] = ("logits",)
    initial_log_scale: ClassVar[None] = None
    initial_output: ClassVar[float] = 0.0

    def output_channels(self, channels: int) -> int:
        """One logit for each channel."""
        return channels

    def parameters(self, xp: Any, outputs: Any, log_scale: Any = None) -> Parameters:
        """The logits as they are."""
        return {"logits": outputs}

    def distortion(self, xp: Any, images: Any, parameters: Parameters) -> Any:
        """Binary cross-entropy, nats, `(batch,)`; on grey images a loss, but no negative log-probability."""
        logits = parameters["logits"]
        return xp.sum(xp.softplus(logits) - logits * images, axis=(1, 2, 3))

    def mean(self, xp: Any, parameters: Parameters) -> Any:
        """The probability of white."""
        return xp.sigmoid(parameters["logits"])

    def sample(self, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.floating]:
        """Black-and-white images."""
        logits = np.asarray(parameters["logits"])
        # A logit above a logistic draw happens with probability sigmoid(logit).
        return (logits > rng.logistic(size=logits.shape)).astype(np.float32)
