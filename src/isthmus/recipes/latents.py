"""Latents, as data: the shape of a code and the family of its posterior."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator

from isthmus.recipes.base import Part, PositiveNumber
from isthmus.recipes.networks import Activation
from isthmus.recipes.objectives import ELBO
from isthmus.recipes.priors import StandardNormalPrior
from isthmus.wording import spell_count

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe

MOST_CODES = 1 << 16
"""Codes of a position at most, as many as in the largest codebooks of the literature."""
Levels = Annotated[int, Field(ge=2, le=256)]


class LatentFields(Part):
    """The latent code of an image."""

    has_posterior: ClassVar[bool] = True
    """Whether the encoder gives a distribution over codes, so that a code has a rate."""
    has_grid: ClassVar[bool] = False
    """Whether a code has a place for each part of the image: a `grid` of positions."""
    is_discrete: ClassVar[bool] = False
    """Whether codes are discrete: a finite number of them, with none between two."""
    variational: ClassVar[str] = "gaussian"
    """The kind that gives codes of this shape a posterior."""

    if TYPE_CHECKING:

        @property
        def dim(self) -> int:
            """Number of latent dimensions, all positions of a grid counted."""

    @property
    def description(self) -> str:
        """The size of a code in words."""
        return spell_count(self.dim, "latent dimension")


class _OneCode(LatentFields):
    """One code for each image, without noise, and without a rate that would shape it."""

    unweighed: ClassVar[str]
    """Why no objective can weigh or estimate its rate, as a clause."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """What would weigh a rate, or draw codes."""
        yield from super().faults(recipe)
        default = ELBO()
        if recipe.objective.needs_posterior:
            yield (
                f"objective.kind={recipe.objective.kind!r} weighs draws of a posterior, and {self.unweighed}: "
                "set objective=elbo, or another latent"
            )
        elif isinstance(recipe.objective, ELBO):
            of_rate = (name for name in ELBO.model_fields if name != "ms_ssim")
            changed = (name for name in of_rate if getattr(recipe.objective, name) != getattr(default, name))
            yield from (
                f"objective.{name} weighs or estimates the rate, and {self.unweighed}: set "
                f"objective.{name}={getattr(default, name)}"
                for name in changed
            )


class _Point(_OneCode):
    """One code for each image, without a rate."""

    has_posterior: ClassVar[bool] = False
    unweighed: ClassVar[str] = "a point latent has none"

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """What would measure a rate."""
        yield from super().faults(recipe)
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


class _Places(LatentFields):
    """A code that keeps the places of an image: a code at each position of a grid."""

    has_grid: ClassVar[bool] = True
    variational: ClassVar[str] = "spatial-gaussian"
    grid: tuple[PositiveInt, PositiveInt] = (7, 7)
    """Rows and columns; those of the network's smallest features."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A network without a grid."""
        yield from super().faults(recipe)
        if not recipe.network.has_grid:
            yield (
                f"latent.kind={self.kind!r} needs a network with a grid, and network.kind is {recipe.network.kind!r}: "
                "set network=conv, or another latent"
            )


class _Grid(_Places):
    """Some channels at each position."""

    channels: PositiveInt = 2
    """Latent dimensions at each position."""

    @property
    def dim(self) -> int:
        """Number of latent dimensions, all positions counted."""
        return math.prod(self.grid) * self.channels


class SpatialPointLatent(_Grid, _Point):
    """A code on a grid, without a rate: an autoencoder whose code keeps places, for reconstruction."""

    kind: Literal["spatial-point"] = "spatial-point"


class SpatialGaussianLatent(_Grid):
    """Diagonal Gaussian posterior over a code on a grid: a VAE whose code keeps places."""

    kind: Literal["spatial-gaussian"] = "spatial-gaussian"


class FiniteScalarLatent(_Places, _OneCode):
    """Discrete codes on a grid, by finite scalar quantisation (Mentzer et al. 2023)."""

    is_discrete: ClassVar[bool] = True
    unweighed: ClassVar[str] = "an fsq latent has one code for each image, whose rate trains the prior alone"
    kind: Literal["fsq"] = "fsq"
    levels: Annotated[tuple[Levels, ...], Field(min_length=1, max_length=16)] = (8, 5, 5, 5)
    """Levels of each channel of a position; their product is the number of codes that a position can have."""

    @field_validator("levels")
    @classmethod
    def _not_too_many(cls, levels: tuple[int, ...]) -> tuple[int, ...]:
        if math.prod(levels) > MOST_CODES:
            raise ValueError(f"expected levels with a product of at most {MOST_CODES:,}; got {math.prod(levels):,}")
        return levels

    @property
    def codes(self) -> int:
        """Number of codes that a position can have, K."""
        return math.prod(self.levels)

    @property
    def dim(self) -> int:
        """Number of latent dimensions: the channels of all positions."""
        return math.prod(self.grid) * len(self.levels)

    @property
    def description(self) -> str:
        """The size of a code in words."""
        return f"{spell_count(math.prod(self.grid), 'discrete code')}, each one of {self.codes:,}"

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A prior of continuous codes, or a class beside the code."""
        yield from super().faults(recipe)
        if not recipe.prior.of_discrete:
            yield (
                f"prior.kind={recipe.prior.kind!r} is a density of continuous codes, and those of an fsq latent are "
                "discrete: set prior=masked-conv, which learns to sample them, or prior=uniform"
            )
        if recipe.condition.is_given:
            yield (
                "the priors of an fsq latent do not depend on the class, so samples of a class would not show it: "
                "set condition=none, or another latent"
            )
