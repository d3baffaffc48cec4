"""The probability of each of the 256 levels: a logistic, or a mixture of them, cut into the levels' bins.

What is trained is what is reported: bits for the pixels as they are stored.  The channels of a pixel are independent
once the code is known (Salimans et al. 2017, "PixelCNN++", section 2.1, whose channels lean on one another).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.probability.discretised import logistic_log_mass, mean_of_clipped_logistic
from isthmus.probability.likelihoods.base import Parameters

# A tenth of a grey level: a bin then holds nearly all of the mass, and nothing more is to be had.
_FLOOR = math.log(0.1 / 255)
# A hundred times the brightest pixel: all levels are then as good as alike, and float32 still tells the bins' edges.
_CEILING = math.log(100.0)
_NUMBERS = 3  # of a component: its logit, mean and scale


@dataclass(frozen=True)
class Logistic:
    """One logistic for each pixel; its location may lie beyond black or white, and so be sure of either."""

    scale: Literal["shared", "per-pixel"] = "per-pixel"
    sigma: float = 0.1
    parameter_names: ClassVar[tuple[str, ...]] = ("mean", "log_scale")
    initial_output: ClassVar[float] = 0.0

    @property
    def initial_log_scale(self) -> float | None:
        """The logarithm of sigma, where one scale is learned for all pixels."""
        return math.log(self.sigma) if self.scale == "shared" else None

    def output_channels(self, channels: int) -> int:
        """A location for each channel, and a scale where every pixel has its own."""
        return channels * 2 if self.scale == "per-pixel" else channels

    def parameters(self, xp: Any, outputs: Any, log_scale: Any = None) -> Parameters:
        """The location `mean`, which starts at middle grey, and `log_scale`, within bounds."""
        location = outputs
        if self.scale == "per-pixel":
            channels = outputs.shape[-1] // 2
            location, log_scale = outputs[..., :channels], outputs[..., channels:] + math.log(self.sigma)
        return {"mean": location + 0.5, "log_scale": _bounded(xp, log_scale)}

    def distortion(self, xp: Any, images: Any, parameters: Parameters) -> Any:
        """-log P(levels | z), nats, `(batch,)`; images are levels / 255."""
        log_mass = logistic_log_mass(xp, images, parameters["mean"], parameters["log_scale"])
        return -xp.sum(log_mass, axis=(1, 2, 3))

    def mean(self, xp: Any, parameters: Parameters) -> Any:
        """The expected brightness, all that lies beyond black or white counted as that."""
        return xp.clip(mean_of_clipped_logistic(xp, parameters["mean"], parameters["log_scale"]), 0.0, 1.0)

    def sample(self, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.floating]:
        """Images of whole levels."""
        return _drawn(np.asarray(parameters["mean"]), np.asarray(parameters["log_scale"]), rng)


@dataclass(frozen=True)
class LogisticMixture:
    """A mixture of logistics for each pixel, each component with a weight, a location and a scale there.

    The parameters are `mixture_logits` (log weights, up to a constant), `means` and `log_scales`, each `(batch, height,
    width, channels, components)`.
    """

    components: int
    sigma: float = 0.1
    parameter_names: ClassVar[tuple[str, ...]] = ("mixture_logits", "means", "log_scales")
    initial_log_scale: ClassVar[None] = None
    initial_output: ClassVar[float] = 0.0

    def output_channels(self, channels: int) -> int:
        """Three numbers of each component, for each channel."""
        return channels * self.components * _NUMBERS

    def parameters(self, xp: Any, outputs: Any, log_scale: Any = None) -> Parameters:
        """Sort the outputs by channel and component; the locations start spread evenly from black to white."""
        count = self.components
        channels = outputs.shape[-1] // (count * _NUMBERS)
        by_channel = xp.reshape(outputs, (-1, *outputs.shape[1:3], channels, count * _NUMBERS))
        start = (np.arange(count, dtype=np.float32) + 0.5) / count
        return {
            "mixture_logits": by_channel[..., :count],
            "means": by_channel[..., count : 2 * count] + start,
            "log_scales": _bounded(xp, by_channel[..., 2 * count :] + math.log(self.sigma)),
        }

    def distortion(self, xp: Any, images: Any, parameters: Parameters) -> Any:
        """-log P(levels | z), nats, `(batch,)`; images are levels / 255."""
        logits = parameters["mixture_logits"]
        log_mass = logistic_log_mass(xp, images[..., None], parameters["means"], parameters["log_scales"])
        log_mixed = xp.logsumexp(logits + log_mass, axis=-1) - xp.logsumexp(logits, axis=-1)
        return -xp.sum(log_mixed, axis=(1, 2, 3))

    def mean(self, xp: Any, parameters: Parameters) -> Any:
        """The expected brightness, all that lies beyond black or white counted as that."""
        weights = xp.softmax(parameters["mixture_logits"], axis=-1)
        means = mean_of_clipped_logistic(xp, parameters["means"], parameters["log_scales"])
        return xp.clip(xp.sum(weights * means, axis=-1), 0.0, 1.0)

    def sample(self, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.floating]:
        """Images of whole levels: a component for each channel of each pixel, and a draw from it."""
        logits = np.asarray(parameters["mixture_logits"])
        chosen = np.argmax(logits + rng.gumbel(size=logits.shape), axis=-1)[..., None]
        mean, log_scale = (
            np.take_along_axis(np.asarray(parameters[name]), chosen, axis=-1)[..., 0]
            for name in ("means", "log_scales")
        )
        return _drawn(mean, log_scale, rng)


def _bounded(xp: Any, log_scale: Any) -> Any:
    return xp.clip(_FLOOR + xp.softplus(log_scale - _FLOOR), _FLOOR, _CEILING)


def _drawn(mean: NDArray[Any], log_scale: NDArray[Any], rng: np.random.Generator) -> NDArray[np.floating]:
    brightness = mean + rng.logistic(size=mean.shape) * np.exp(log_scale)
    return np.asarray(np.round(np.clip(brightness, 0.0, 1.0) * 255.0) / 255.0, np.float32)
