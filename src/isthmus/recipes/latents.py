"""Latents, as data: what a code is, and what the encoder says about it."""

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

    if TYPE_CHECKING:

        @property
        def dim(self) -> int:
            """Number of latent dimensions, all positions of a grid counted."""


class PointLatent(LatentFields):
    """One latent code per image, without a rate: a plain autoencoder."""

    has_posterior: ClassVar[bool] = False
    kind: Literal["point"] = "point"
    dim: PositiveInt = 16
    """Number of latent dimensions."""
    activation: Activation = "linear"
    """Activation of the latent code; with relu codes are never negative, and a dimension can become inactive."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """What would weigh a rate, or measure it."""
        default = ELBO()
        if recipe.objective.kind != default.kind:
            yield f"objective.kind={recipe.objective.kind!r} weighs draws of a posterior, and a point latent has none"
        else:
            changed = (name for name in ELBO.model_fields if getattr(recipe.objective, name) != getattr(default, name))
            yield from (
                f"objective.{name} weighs or estimates the rate, and a point latent has none" for name in changed
            )
        if recipe.prior != StandardNormalPrior():
            yield f"prior.kind={recipe.prior.kind!r} is what a rate is measured from, and a point latent has none"


class GaussianLatent(LatentFields):
    """Diagonal Gaussian posterior: a variational autoencoder."""

    kind: Literal["gaussian"] = "gaussian"
    dim: PositiveInt = 2
    """Number of latent dimensions."""
    epsilon_std: PositiveNumber = 1.0
    """Scale of the posterior's noise in training; only 1 maximises a lower bound."""
