"""Squared and absolute error: a density around a location, with a scale that is given or learned."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.probability.discretised import gaussian_log_mass, laplace_log_mass, level_edges
from isthmus.probability.gaussian import gaussian_nll
from isthmus.probability.likelihoods.base import Parameters

Scale = Literal["fixed", "shared", "per-pixel"]

# Half a grey level of 8 bits.  A scale that shrinks below it gains nats from the rounding of the pixels alone, without
# end, until it divides by zero.
LOG_SCALE_FLOOR = math.log(0.5 / 255)


@dataclass(frozen=True)
class _LocationScale:
    """What Gaussian and Laplace share: a location for each pixel, and a scale that is given or learned."""

    scale: Scale = "fixed"
    sigma: float = 1.0
    squash: bool = True

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """`mean`, and `log_scale` where it is learned."""
        return ("mean",) if self.scale == "fixed" else ("mean", "log_scale")

    @property
    def initial_log_scale(self) -> float | None:
        """The logarithm of sigma, where one scale is learned for all pixels."""
        return math.log(self.sigma) if self.scale == "shared" else None

    @property
    def initial_output(self) -> float:
        """One half for a free location. With a scale for each pixel 0: some outputs are logarithms of scales."""
        return 0.0 if self.squash or self.scale == "per-pixel" else 0.5

    def output_channels(self, channels: int) -> int:
        """A location for each channel, and a scale where every pixel has its own."""
        return channels * 2 if self.scale == "per-pixel" else channels

    def parameters(self, xp: Any, outputs: Any, log_scale: Any = None) -> Parameters:
        """Split, squash and bound the outputs."""
        location = outputs
        if self.scale == "per-pixel":
            channels = outputs.shape[-1] // 2
            location, log_scale = outputs[..., :channels], outputs[..., channels:] + math.log(self.sigma)
        mean = xp.sigmoid(location) if self.squash else location
        if self.scale == "fixed":
            return {"mean": mean}
        return {"mean": mean, "log_scale": LOG_SCALE_FLOOR + xp.softplus(log_scale - LOG_SCALE_FLOOR)}

    def mean(self, xp: Any, parameters: Parameters) -> Any:
        """The location, within 0 to 1."""
        return xp.clip(parameters["mean"], 0.0, 1.0)

    def discretised_distortion(self, levels: NDArray[np.uint8], parameters: Parameters) -> NDArray[np.float64]:
        """-log P(levels | z) of 8-bit pixels: the mass of each level's bin, not a density at it; NumPy only.

        Args:
            levels: uint8 `(batch, h, w, c)`.
            parameters: Of the likelihood.

        Returns:
            Nats, summed over pixels and channels, float64 `(batch,)`.
        """
        mean = np.asarray(parameters["mean"], np.float64)
        precision = np.exp(-np.asarray(self._log_scale(parameters), np.float64))
        lower, upper = level_edges(levels)
        log_mass = self._log_mass((lower - mean) * precision, (upper - mean) * precision)
        return np.asarray(-np.sum(log_mass, axis=(1, 2, 3)))

    def _log_mass(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.float64]:
        raise NotImplementedError

    def _log_scale(self, parameters: Parameters) -> Any:
        return parameters.get("log_scale", math.log(self.sigma))


class Gaussian(_LocationScale):
    """Squared error: a normal density around the mean; with a shared scale the σ-VAE of Rybkin et al. (2021)."""

    def _log_mass(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.float64]:
        return gaussian_log_mass(lower, upper)

    def distortion(self, xp: Any, images: Any, parameters: Parameters) -> Any:
        """-log density, nats, `(batch,)`."""
        return xp.sum(gaussian_nll(xp, images, parameters["mean"], self._log_scale(parameters)), axis=(1, 2, 3))

    def sample(self, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.floating]:
        """Images with the likelihood's noise."""
        mean = np.asarray(parameters["mean"])
        noise = rng.standard_normal(mean.shape, np.float32) * np.exp(self._log_scale(parameters))
        return np.asarray(np.clip(mean + noise, 0.0, 1.0), np.float32)


class Laplace(_LocationScale):
    """Absolute error: a Laplace density around the median."""

    def _log_mass(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.float64]:
        return laplace_log_mass(lower, upper)

    def distortion(self, xp: Any, images: Any, parameters: Parameters) -> Any:
        """-log density, nats, `(batch,)`: `|x - m| / b + log 2b`, summed."""
        log_scale = self._log_scale(parameters)
        scaled = xp.abs(images - parameters["mean"]) * xp.exp(-log_scale)
        return xp.sum(scaled + log_scale + math.log(2.0), axis=(1, 2, 3))

    def sample(self, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.floating]:
        """Images with the likelihood's noise."""
        mean = np.asarray(parameters["mean"])
        noise = rng.laplace(size=mean.shape) * np.exp(self._log_scale(parameters))
        return np.asarray(np.clip(mean + noise, 0.0, 1.0), np.float32)
