"""Priors, as data: the distribution that codes are measured against and sampled from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from isthmus.recipes.base import Part

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe


class PriorFields(Part):
    """The distribution of codes before an image is seen."""


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
