"""Priors, as data: the distribution that codes are measured against and sampled from."""

from typing import Literal

from isthmus.recipes.base import Part


class PriorFields(Part):
    """The distribution of codes before an image is seen."""


class StandardNormalPrior(PriorFields):
    """A standard normal distribution; nothing about it is learned."""

    kind: Literal["standard-normal"] = "standard-normal"
