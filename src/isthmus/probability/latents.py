"""Latents: what an encoder says about a code, how a code is drawn from that, and what it costs.

A latent knows no network.  Its `parameters` are what the encoder gives, by name, each of shape `(batch, dim)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from isthmus import recipes
from isthmus.probability.gaussian import gaussian_nll, kl_from_standard_normal

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class LatentGroup:
    """One group of latent variables, as a manifest declares it."""

    name: str
    kind: Literal["point", "gaussian"]
    shape: tuple[int, ...]


class Latent(Protocol):
    """One group of latent variables and its prior."""

    parameter_names: ClassVar[tuple[str, ...]]
    """What the encoder gives for it."""
    has_rate: ClassVar[bool]
    """Whether a code costs anything: whether there are a posterior and a prior."""

    @property
    def group(self) -> LatentGroup:
        """Its name, kind and shape."""

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """Draw codes `(batch, dim)` from the posterior, given standard normal `noise` of that shape."""

    def kl(self, xp: Any, parameters: Parameters) -> Any:
        """The closed-form divergence of the posterior from the prior, nats, `(batch, dim)`."""

    def log_ratio(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Log q(z | x) - log p(z), nats, `(batch,)`: its mean over the posterior is the rate."""


@dataclass(frozen=True)
class PointCode:
    """One code for each image, and no distribution over it."""

    dim: int
    parameter_names: ClassVar[tuple[str, ...]] = ("mean",)
    has_rate: ClassVar[bool] = False

    @property
    def group(self) -> LatentGroup:
        """Its name, kind and shape."""
        return LatentGroup("latent", "point", (self.dim,))

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """The code itself, whatever the noise."""
        return parameters["mean"]

    def kl(self, xp: Any, parameters: Parameters) -> Any:
        """Zero: a point has no rate."""
        return xp.zeros_like(parameters["mean"])

    def log_ratio(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Zero: a point has no rate."""
        return xp.sum(xp.zeros_like(z), axis=-1)


@dataclass(frozen=True)
class GaussianPosterior:
    """A diagonal Gaussian posterior under a standard normal prior (Kingma & Welling 2014).

    `epsilon_std` scales the noise of training alone: pass noise that is scaled by it.
    """

    dim: int
    epsilon_std: float = 1.0
    parameter_names: ClassVar[tuple[str, ...]] = ("mean", "log_variance")
    has_rate: ClassVar[bool] = True

    @property
    def group(self) -> LatentGroup:
        """Its name, kind and shape."""
        return LatentGroup("latent", "gaussian", (self.dim,))

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """The reparameterisation z = μ + σ ε, ibid. section 2.4."""
        return parameters["mean"] + xp.exp(0.5 * parameters["log_variance"]) * noise

    def kl(self, xp: Any, parameters: Parameters) -> Any:
        """KL of each dimension, nats, `(batch, dim)`."""
        return kl_from_standard_normal(xp, parameters["mean"], parameters["log_variance"])

    def log_ratio(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Log q(z | x) - log p(z), nats, `(batch,)`."""
        posterior = gaussian_nll(xp, z, parameters["mean"], 0.5 * parameters["log_variance"])
        prior = gaussian_nll(xp, z, 0.0, 0.0)
        return xp.sum(prior - posterior, axis=-1)


def latent_of(spec: recipes.LatentFields) -> Latent:
    """The latent that a recipe describes."""
    if isinstance(spec, recipes.PointLatent):
        return PointCode(spec.dim)
    return GaussianPosterior(spec.dim, spec.epsilon_std)
