"""Likelihoods, as data: how targets are compared with predictions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from isthmus.recipes.base import Part, PositiveNumber

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe

_DENSITY = "A density of quantised pixels is no likelihood: it has no lower limit."


class LikelihoodFields(Part):
    """How targets are compared with predictions."""

    of_binary: ClassVar[bool] = False
    """Whether it describes pixels that are black or white."""
    of_classes: ClassVar[bool] = False
    """Whether it describes the classes of pixels, whose numbers are no brightness."""
    measure: ClassVar[str] = "negative log-likelihood"
    """What its distortion measures, for readers."""
    caveat: ClassVar[str] = (
        "It depends on the input as well as on the latent code, so it is not the log-probability of an image."
    )
    """Why the loss is not a log-probability of images where it is none, for readers."""

    in_page: ClassVar[bool] = False
    """Whether the explorer's exported page computes its distortion."""

    @property
    def fixed_sigma(self) -> float | None:
        """The scale, for pixels from 0 to 1, if the recipe fixes one."""
        return None

    def gives_probability(self, recipe: "Recipe") -> bool:
        """Whether it gives the pixels, as the recipe makes them, a probability."""
        return False

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """Pixels that it does not describe."""
        if recipe.pixels.binarise != "none" and not self.of_binary:
            yield (
                f"pixels.binarise={recipe.pixels.binarise!r} makes pixels black or white, which only the bernoulli "
                f"likelihood describes, and likelihood.kind is {self.kind!r}: set pixels.binarise=none, or "
                "likelihood=bernoulli"
            )


class BernoulliLikelihood(LikelihoodFields):
    """Binary pixels (binary cross-entropy); on grey pixels it is a loss, not a likelihood."""

    of_binary: ClassVar[bool] = True
    in_page: ClassVar[bool] = True
    measure: ClassVar[str] = "cross-entropy"
    caveat: ClassVar[str] = "Cross-entropy on grey pixels is no likelihood: even a perfect model does not reach 0."
    kind: Literal["bernoulli"] = "bernoulli"

    def gives_probability(self, recipe: "Recipe") -> bool:
        """Where every pixel is black or white."""
        return recipe.pixels.binarise != "none"


class GaussianLikelihood(LikelihoodFields):
    """Squared error, in nats by its scale."""

    in_page: ClassVar[bool] = True
    measure: ClassVar[str] = "squared error"
    caveat: ClassVar[str] = _DENSITY
    kind: Literal["gaussian"] = "gaussian"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the standard deviation is fixed, learned once for all pixels, or predicted for each pixel."""
    sigma: PositiveNumber = 1.0
    """Standard deviation for pixels from 0 to 1: the fixed value, or the initial one."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the mean is unbounded (free), or limited to 0 to 1 by a sigmoid."""

    @property
    def fixed_sigma(self) -> float | None:
        """`sigma`, unless it is learned or predicted."""
        return self.sigma if self.scale == "fixed" else None


class LaplaceLikelihood(LikelihoodFields):
    """Absolute error, in nats by its scale."""

    in_page: ClassVar[bool] = True
    measure: ClassVar[str] = "absolute error"
    caveat: ClassVar[str] = _DENSITY
    kind: Literal["laplace"] = "laplace"
    scale: Literal["fixed", "shared", "per-pixel"] = "fixed"
    """Whether the scale is fixed, learned once for all pixels, or predicted for each pixel."""
    sigma: PositiveNumber = 1.0
    """Mean absolute deviation for pixels from 0 to 1: the fixed value, or the initial one."""
    mean: Literal["free", "sigmoid"] = "sigmoid"
    """Whether the median is unbounded (free), or limited to 0 to 1 by a sigmoid."""

    @property
    def fixed_sigma(self) -> float | None:
        """`sigma`, unless it is learned or predicted."""
        return self.sigma if self.scale == "fixed" else None


class CategoricalLikelihood(LikelihoodFields):
    """One of several classes for each pixel (cross-entropy), for masks."""

    of_classes: ClassVar[bool] = True
    measure: ClassVar[str] = "cross-entropy of each pixel's class"
    kind: Literal["categorical"] = "categorical"
    classes: Annotated[int, Field(ge=2, le=256)] = 2
    """Number of classes."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """Targets that are no masks."""
        yield from super().faults(recipe)
        if not recipe.task.restores:
            yield "likelihood.kind='categorical' describes masks: pass --task segment, or another likelihood"
        elif not recipe.task.has_masks:
            yield f"likelihood.kind='categorical' describes masks, and the task is {recipe.task.kind!r}"


class LogisticLikelihood(LikelihoodFields):
    """Probabilities of the 256 levels of a pixel, from a discretised logistic or a mixture of them."""

    in_page: ClassVar[bool] = True
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

    def gives_probability(self, recipe: "Recipe") -> bool:
        """Of levels of 8 bits, which are all that it takes."""
        return True

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """Pixels that have no levels."""
        yield from super().faults(recipe)
        if recipe.pixels.dtype != "uint8":
            yield f"likelihood.kind='logistic' counts levels of 8 bits, and pixels.dtype is {recipe.pixels.dtype!r}"


def mask_likelihood(classes: int) -> LikelihoodFields:
    """The likelihood of masks with a number of classes: Bernoulli for two, categorical for more."""
    return BernoulliLikelihood() if classes == 2 else CategoricalLikelihood(classes=classes)
