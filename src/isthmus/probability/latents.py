"""Latents: the posterior of a code, and draws from it.

A latent knows no network and no prior. Codes are flat, `(..., dim)`, whatever grid they have inside the networks. Its
`parameters` are what the encoder gives, by name, each of shape `(batch, dim)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, ClassVar, Protocol

from isthmus import recipes
from isthmus.probability.codebook import Codebook
from isthmus.probability.gaussian import gaussian_nll

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class LatentGroup:
    """One group of latent variables, as a manifest declares it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    """`(dim,)`, or rows, columns and channels of a grid."""


class Latent(Protocol):
    """A group of latent variables and the family of its posteriors."""

    parameter_names: ClassVar[tuple[str, ...]]
    """What the encoder gives for it; `mean` is the code that stands for an image."""
    has_posterior: ClassVar[bool]
    """Whether the encoder gives a distribution over codes."""

    @property
    def codebook(self) -> Codebook | None:
        """The codes of a position if codes are discrete; None for continuous codes."""

    @property
    def group(self) -> LatentGroup:
        """Its name, kind and shape."""

    @property
    def activation(self) -> str:
        """The activation of the layers that give the parameters."""

    @property
    def training_noise(self) -> float:
        """The scale of the noise in training."""

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """Draw codes `(..., batch, dim)` from the posterior, given standard normal `noise` of that shape."""

    def log_q(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Log q(z | x) of codes `(..., batch, dim)`, nats, `(..., batch)`."""


@dataclass(frozen=True)
class PointCode:
    """One code of a shape for each image, and no distribution over it."""

    shape: tuple[int, ...]
    activation: str = "linear"
    parameter_names: ClassVar[tuple[str, ...]] = ("mean",)
    has_posterior: ClassVar[bool] = False
    codebook: ClassVar[None] = None
    training_noise: ClassVar[float] = 0.0

    @property
    def group(self) -> LatentGroup:
        """Its name, kind and shape."""
        return LatentGroup("latent", "point", self.shape)

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """The code itself, whatever the noise."""
        return parameters["mean"]

    def log_q(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Zero: there is no distribution."""
        return xp.sum(xp.zeros_like(z), axis=-1)


@dataclass(frozen=True)
class GaussianPosterior:
    """A diagonal Gaussian posterior (Kingma & Welling 2014, section 2.4).

    `training_noise` scales the noise of training alone: pass noise that is scaled by it.
    """

    shape: tuple[int, ...]
    training_noise: float = 1.0
    parameter_names: ClassVar[tuple[str, ...]] = ("mean", "log_variance")
    has_posterior: ClassVar[bool] = True
    codebook: ClassVar[None] = None
    activation: ClassVar[str] = "linear"

    @property
    def group(self) -> LatentGroup:
        """Its name, kind and shape."""
        return LatentGroup("latent", "gaussian", self.shape)

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """The reparameterisation z = μ + σ ε, ibid. section 2.4."""
        return parameters["mean"] + xp.exp(0.5 * parameters["log_variance"]) * noise

    def log_q(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Log q(z | x), nats, `(..., batch)`."""
        return -xp.sum(gaussian_nll(xp, z, parameters["mean"], 0.5 * parameters["log_variance"]), axis=-1)


@singledispatch
def latent_of(fields: recipes.LatentFields) -> Latent:
    """The latent that a recipe describes; a new kind registers its own function."""
    raise NotImplementedError(f"latent.kind={fields.kind!r} has no latent: register one with latent_of.register")


@latent_of.register
def _(fields: recipes.PointLatent) -> Latent:
    return PointCode((fields.dim,), fields.activation)


@latent_of.register
def _(fields: recipes.GaussianLatent) -> Latent:
    return GaussianPosterior((fields.dim,), fields.epsilon_std)


@latent_of.register
def _(fields: recipes.SpatialPointLatent) -> Latent:
    return PointCode((*fields.grid, fields.channels))


@latent_of.register
def _(fields: recipes.SpatialGaussianLatent) -> Latent:
    return GaussianPosterior((*fields.grid, fields.channels))
