"""Priors, as data: the distribution that codes are measured against and sampled from."""

from typing import Annotated, Literal

from pydantic import Field

from isthmus.recipes.base import Part


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
