"""Likelihoods, as data: how targets are compared with predictions."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isthmus.recipes.base import Fields, PositiveNumber


class BernoulliLikelihood(Fields):
    """Binary pixels (binary cross-entropy); on grey pixels it is a loss, not a likelihood."""

    kind: Literal["bernoulli"] = "bernoulli"


class GaussianLikelihood(Fields):
    """Squared error, in nats by its scale."""

    kind: Literal["gaussian"] = "gaussian"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the standard deviation is fixed, learned once for all pixels, or predicted for each pixel."""
    sigma: PositiveNumber = 1.0
    """Standard deviation for pixels from 0 to 1: the fixed value, or the initial one."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the mean is unbounded (free), or limited to 0 to 1 by a sigmoid."""


class LaplaceLikelihood(Fields):
    """Absolute error, in nats by its scale."""

    kind: Literal["laplace"] = "laplace"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the scale is fixed, learned once for all pixels, or predicted for each pixel."""
    sigma: PositiveNumber = 1.0
    """Mean absolute deviation for pixels from 0 to 1: the fixed value, or the initial one."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the median is unbounded (free), or limited to 0 to 1 by a sigmoid."""


class CategoricalLikelihood(Fields):
    """One of several classes for each pixel (cross-entropy), for masks."""

    kind: Literal["categorical"] = "categorical"
    classes: Annotated[int, Field(ge=2, le=256)] = 2
    """Number of classes."""


class LogisticLikelihood(Fields):
    """Probabilities of the 256 levels of a pixel, from a discretised logistic or a mixture of them."""

    kind: Literal["logistic"] = "logistic"
    components: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of logistics in the mixture."""
    scale: Literal["shared", "per-pixel"] = "per-pixel"
    """Whether the scale is learned once for all pixels, or predicted for each pixel."""
    sigma: PositiveNumber = 0.1
    """Initial scale, for pixels from 0 to 1."""

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
    """The likelihood of masks with a number of classes: Bernoulli for two, categorical for more."""
    return BernoulliLikelihood() if classes == 2 else CategoricalLikelihood(classes=classes)
