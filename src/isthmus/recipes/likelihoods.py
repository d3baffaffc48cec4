"""Likelihoods, as data: how an image is compared with what a decoder gives."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isthmus.recipes.base import Fields, PositiveNumber


class BernoulliLikelihood(Fields):
    """Each pixel black or white (binary cross-entropy); on grey pixels a loss, but no likelihood."""

    kind: Literal["bernoulli"] = "bernoulli"


class GaussianLikelihood(Fields):
    """Squared error, with the scale that turns it into nats."""

    kind: Literal["gaussian"] = "gaussian"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the standard deviation is given, learned once for all pixels, or given by the decoder for each."""
    sigma: PositiveNumber = 1.0
    """The standard deviation, pixels counted from 0 to 1: fixed at it, or learned from it."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the mean may leave 0 to 1."""


class LaplaceLikelihood(Fields):
    """Absolute error, with the scale that turns it into nats."""

    kind: Literal["laplace"] = "laplace"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the scale is given, learned once for all pixels, or given by the decoder for each."""
    sigma: PositiveNumber = 1.0
    """The mean absolute deviation, pixels counted from 0 to 1: fixed at it, or learned from it."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the median may leave 0 to 1."""


class CategoricalLikelihood(Fields):
    """Each pixel one of several classes (cross-entropy): for masks."""

    kind: Literal["categorical"] = "categorical"
    classes: Annotated[int, Field(ge=2, le=256)] = 2
    """How many classes."""


class LogisticLikelihood(Fields):
    """The probability of each of a pixel's 256 levels, under a logistic or a mixture of them."""

    kind: Literal["logistic"] = "logistic"
    components: Annotated[int, Field(ge=1, le=100)] = 1
    """Logistics mixed in each pixel."""
    scale: Literal["shared", "per-pixel"] = "per-pixel"
    """Whether the scale is learned once for all pixels, or given by the decoder for each."""
    sigma: PositiveNumber = 0.1
    """The scale that learning starts from, pixels counted from 0 to 1."""

    @model_validator(mode="after")
    def _scale_is_read(self) -> "LogisticLikelihood":
        if self.scale == "shared" and self.components > 1:
            raise ValueError("scale 'shared' is for one component; those of a mixture each have their own scales")
        return self


LikelihoodFields = Annotated[
    BernoulliLikelihood | GaussianLikelihood | LaplaceLikelihood | LogisticLikelihood | CategoricalLikelihood,
    Field(discriminator="kind"),
]


def mask_likelihood(classes: int) -> LikelihoodFields:
    """What describes masks of so many classes: black or white where there are two, else numbers."""
    return BernoulliLikelihood() if classes == 2 else CategoricalLikelihood(classes=classes)
