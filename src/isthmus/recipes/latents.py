"""Latents, as data: the shape of a code and the family of its posterior."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import PositiveInt

from isthmus.recipes.base import Part, PositiveNumber
from isthmus.recipes.networks import Activation
from isthmus.recipes.objectives import ELBO
from isthmus.recipes.priors import StandardNormalPrior

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe


class LatentFields(Part):
    """The latent code of an image."""

    has_posterior: ClassVar[bool] = True
    """Whether the encoder gives a distribution over codes, so that a code has a rate."""
    has_grid: ClassVar[bool] = False
    """Whether a code has a place for each part of the image, so that `grid` and `channels` set its dimensions."""
    variational: ClassVar[str] = "gaussian"
    """The kind that gives codes of this shape a posterior."""

    if TYPE_CHECKING:

        @property
        def dim(self) -> int:
            """Number of latent dimensions, all positions of a grid counted."""


class _Point(LatentFields):
    """One code for each image, without a rate."""

    has_posterior: ClassVar[bool] = False

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """What would weigh a rate, or measure it."""
        yield from super().faults(recipe)
        default = ELBO()
        if recipe.objective.needs_posterior:
            yield (
                f"objective.kind={recipe.objective.kind!r} weighs draws of a posterior, and a point latent has none: "
                "set objective=elbo, or another latent"
            )
        elif isinstance(recipe.objective, ELBO):
            of_rate = (name for name in ELBO.model_fields if name != "ms_ssim")
            changed = (name for name in of_rate if getattr(recipe.objective, name) != getattr(default, name))
            yield from (
                f"objective.{name} weighs or estimates the rate, and a point latent has none: set "
                f"objective.{name}={getattr(default, name)}"
                for name in changed
            )
        if recipe.prior != StandardNormalPrior():
            yield (
                f"prior.kind={recipe.prior.kind!r} is what a rate is measured from, and a point latent has none: set "
                "prior=standard-normal, or another latent"
            )


class PointLatent(_Point):
    """One latent code per image, without a rate: a plain autoencoder."""

    kind: Literal["point"] = "point"
    dim: PositiveInt = 16
    """Number of latent dimensions."""
    activation: Activation = "linear"
    """Activation of the latent code; with relu codes are never negative, and a dimension can become inactive."""


class GaussianLatent(LatentFields):
    """Diagonal Gaussian posterior: a variational autoencoder."""

    kind: Literal["gaussian"] = "gaussian"
    dim: PositiveInt = 2
    """Number of latent dimensions."""
    epsilon_std: PositiveNumber = 1.0
    """Scale of the posterior's noise in training; only 1 maximises a lower bound."""


class _Grid(LatentFields):
    """A code that keeps the places of an image: some channels at each position of a grid."""

    has_grid: ClassVar[bool] = True
    variational: ClassVar[str] = "spatial-gaussian"
    grid: tuple[PositiveInt, PositiveInt] = (7, 7)
    """Rows and columns; those of the network's smallest features."""
    channels: PositiveInt = 2
    """Latent dimensions at each position."""

    @property
    def dim(self) -> int:
        """Number of latent dimensions, all positions counted."""
        return math.prod(self.grid) * self.channels

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A network without a grid."""
        yield from super().faults(recipe)
        if not recipe.network.has_grid:
            yield (
                f"latent.kind={self.kind!r} needs a network with a grid, and network.kind is {recipe.network.kind!r}: "
                "set network=conv, or another latent"
            )


class SpatialPointLatent(_Grid, _Point):
    """A code on a grid, without a rate: an autoencoder whose code keeps places, for reconstruction."""

    kind: Literal["spatial-point"] = "spatial-point"


class SpatialGaussianLatent(_Grid):
    """Diagonal Gaussian posterior over a code on a grid: a VAE whose code keeps places."""

    kind: Literal["spatial-gaussian"] = "spatial-gaussian"
