"""Likelihoods, as data: how targets are compared with predictions."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from isthmus.recipes.base import Fields, PositiveNumber

_DENSITY = "A density of quantised pixels is no likelihood: it has no lower limit."


class _Likelihood(Fields):
    """Properties of every likelihood."""

    of_binary: ClassVar[bool] = False
    """Whether it describes pixels that are black or white."""
    of_classes: ClassVar[bool] = False
    """Whether it describes the classes of pixels, whose numbers are no brightness."""
    measure: ClassVar[str]
    """What its distortion measures, for readers."""
    caveat: ClassVar[str] = (
        "It depends on the input as well as on the latent code, so it is not the log-probability of an image."
    )
    """Why the loss is not a log-probability of images where it is none, for readers."""


class BernoulliLikelihood(_Likelihood):
    """Binary pixels (binary cross-entropy); on grey pixels it is a loss, not a likelihood."""

    of_binary: ClassVar[bool] = True
    measure: ClassVar[str] = "cross-entropy"
    caveat: ClassVar[str] = "Cross-entropy on grey pixels is no likelihood: even a perfect model does not reach 0."
    kind: Literal["bernoulli"] = "bernoulli"


class GaussianLikelihood(_Likelihood):
    """Squared error, in nats by its scale."""

    measure: ClassVar[str] = "squared error"
    caveat: ClassVar[str] = _DENSITY
    kind: Literal["gaussian"] = "gaussian"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the standard deviation is fixed, learned once for all pixels, or predicted for each pixel."""
    sigma: PositiveNumber = 1.0
    """Standard deviation for pixels from 0 to 1: the fixed value, or the initial one."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the mean is unbounded (free), or limited to 0 to 1 by a sigmoid."""


class LaplaceLikelihood(_Likelihood):
    """Absolute error, in nats by its scale."""

    measure: ClassVar[str] = "absolute error"
    caveat: ClassVar[str] = _DENSITY
    kind: Literal["laplace"] = "laplace"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the scale is fixed, learned once for all pixels, or predicted for each pixel."""
    sigma: PositiveNumber = 1.0
    """Mean absolute deviation for pixels from 0 to 1: the fixed value, or the initial one."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the median is unbounded (free), or limited to 0 to 1 by a sigmoid."""


class CategoricalLikelihood(_Likelihood):
    """One of several classes for each pixel (cross-entropy), for masks."""

    of_classes: ClassVar[bool] = True
    measure: ClassVar[str] = "cross-entropy of each pixel's class"
    kind: Literal["categorical"] = "categorical"
    classes: Annotated[int, Field(ge=2, le=256)] = 2
    """Number of classes."""


class LogisticLikelihood(_Likelihood):
    """Probabilities of the 256 levels of a pixel, from a discretised logistic or a mixture of them."""

    measure: ClassVar[str] = "the negative log-likelihood of each pixel's level"
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
