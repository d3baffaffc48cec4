"""Priors, as data: the distribution that codes are measured against and sampled from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator

from isthmus.recipes.base import Part

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe

MOST_PREDICTED = 4096
"""Codes of a position at most for a prior that gives each a probability."""


class PriorFields(Part):
    """The distribution of codes before an image is seen."""

    of_discrete: ClassVar[bool] = False
    """Whether it gives discrete codes probabilities, rather than continuous ones a density."""


class StandardNormalPrior(PriorFields):
    """A standard normal distribution; nothing about it is learned."""

    kind: Literal["standard-normal"] = "standard-normal"


class MixturePrior(PriorFields):
    """A mixture of diagonal Gaussians, learned with the rest of the model; for codes that fall in groups."""

    kind: Literal["mixture"] = "mixture"
    components: Annotated[int, Field(ge=1, le=1000)] = 10
    """Number of Gaussians."""


class ClassGaussianPrior(PriorFields):
    """A diagonal Gaussian for each class, learned with the rest of the model."""

    kind: Literal["class-gaussian"] = "class-gaussian"

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """No classes."""
        yield from super().faults(recipe)
        if not recipe.condition.is_given:
            yield "prior.kind='class-gaussian' has a Gaussian for each class: set condition=labels"


class _DiscretePrior(PriorFields):
    """Probabilities of discrete codes."""

    of_discrete: ClassVar[bool] = True

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """Continuous codes."""
        yield from super().faults(recipe)
        if not recipe.latent.is_discrete:
            yield (
                f"prior.kind={self.kind!r} gives discrete codes probabilities, and those of latent.kind="
                f"{recipe.latent.kind!r} are continuous: set latent=fsq, or prior=standard-normal"
            )


class UniformPrior(_DiscretePrior):
    """Every discrete code is as likely as any other; nothing about it is learned."""

    kind: Literal["uniform"] = "uniform"


class MaskedConvPrior(_DiscretePrior):
    """An autoregressive network over the grid of discrete codes: each is predicted from those before it (PixelCNN)."""

    kind: Literal["masked-conv"] = "masked-conv"
    filters: PositiveInt = 64
    """Filters of every convolution."""
    blocks: PositiveInt = 4
    """Residual blocks; each sees further."""
    kernel: PositiveInt = 5
    """Side of the masked kernels, in positions; odd."""

    @field_validator("kernel")
    @classmethod
    def _has_a_centre(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(f"expected an odd number, so that a kernel has a centre; got {kernel}")
        return kernel

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """More codes than it can predict."""
        yield from super().faults(recipe)
        codes = getattr(recipe.latent, "codes", 0)
        if codes > MOST_PREDICTED:
            yield (
                f"prior.kind='masked-conv' gives each of the {codes:,} codes of a position a probability, and "
                f"{MOST_PREDICTED:,} are the most: set fewer latent.levels, or prior=uniform"
            )
