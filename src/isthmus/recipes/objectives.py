"""Objectives, as data: what training minimises."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from isthmus.recipes.base import Part

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe


class ObjectiveFields(Part):
    """What training minimises; every kind has a field or a property `beta`, the weight of the rate."""

    needs_posterior: ClassVar[bool] = True
    """Whether it draws from a posterior."""

    if TYPE_CHECKING:

        @property
        def beta(self) -> float:
            """Weight of the rate against the distortion; 1 for a bound on the log-likelihood."""


class ELBO(ObjectiveFields):
    """Distortion + beta x rate, in nats per image: the negative evidence lower bound where beta is 1."""

    needs_posterior: ClassVar[bool] = False
    kind: Literal["elbo"] = "elbo"
    estimator: Literal["closed-form", "monte-carlo"] = "closed-form"
    """How the rate is computed: in closed form where there is one, or from the sample that the distortion uses."""
    beta: Annotated[float, Field(ge=0.0)] = 1.0
    """Weight of the rate against the distortion; both are sums, so it means the same at any image size."""
    beta_warmup_epochs: Annotated[float, Field(ge=0.0)] = 0.0
    """Epochs over which beta grows from 0; validation always uses the full beta."""
    ms_ssim: Annotated[float, Field(ge=0.0)] = 0.0
    """Weight of the structural dissimilarity, 1 - MS-SSIM, added to the loss of each pixel value; 0 for none."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A warm-up that never ends, and classes of which no brightness is compared."""
        yield from super().faults(recipe)
        if self.beta_warmup_epochs > recipe.training.epochs:
            yield (
                f"objective.beta_warmup_epochs={self.beta_warmup_epochs:g} is longer than the training of "
                f"{recipe.training.epochs} epochs, so beta would never be reached"
            )
        if self.ms_ssim and recipe.likelihood.of_classes:
            yield (
                "objective.ms_ssim compares brightness, and "
                f"likelihood.kind={recipe.likelihood.kind!r} predicts classes: set objective.ms_ssim=0"
            )


class IWAE(ObjectiveFields):
    """Importance-weighted bound of several samples of the posterior: tighter than the ELBO, and costlier."""

    kind: Literal["iwae"] = "iwae"
    draws: Annotated[int, Field(ge=1, le=1000)] = 8
    """Samples of the posterior for each image; each is decoded, so a step costs about as many times as much."""

    @property
    def beta(self) -> float:
        """Always 1: it bounds the log-likelihood."""
        return 1.0

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """Noise that is not the posterior's."""
        yield from super().faults(recipe)
        if getattr(recipe.latent, "epsilon_std", 1.0) != 1.0:
            yield "objective.kind='iwae' weighs samples of the posterior itself: set latent.epsilon_std=1"
