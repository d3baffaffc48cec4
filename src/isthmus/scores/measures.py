"""Which figure for an image, given its code, is a log-probability: not every training loss is one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource, batch_size_for
from isthmus.probability import Likelihood, namespace
from isthmus.probability.latents import Parameters
from isthmus.probability.likelihoods import Gaussian, Laplace
from isthmus.recipes import Pixels, Recipe
from isthmus.runs import Run
from isthmus.scores.bound import as_pixels

Kind = Literal["probability", "discretised", "density", "none"]


@dataclass(frozen=True)
class PixelMeasure:
    """How the probability of an image's pixels, given a code, is counted.

    Attributes:
        kind: `probability`: the training loss itself; `discretised`: the mass of each 8-bit level's bin; `density`: a
            density of real numbers; `none`: there is no such probability.
        explanation: That in words, with what to do where there is none.
        likelihood: What the decoder's parameters mean.
        pixels: What the model takes pixels for.
    """

    kind: Kind
    explanation: str
    likelihood: Likelihood
    pixels: Pixels

    @property
    def is_likelihood(self) -> bool:
        """Whether there is a figure at all."""
        return self.kind != "none"

    def prepare(self, target: NDArray[np.generic]) -> NDArray[np.generic]:
        """Images as the loader gives them to what `distortion` takes: done once, however many codes they meet."""
        return target if self.kind == "discretised" else as_pixels(target, self.pixels).astype(np.float32)

    def distortion(self, prepared: NDArray[np.generic], parameters: Parameters) -> NDArray[np.float64]:
        """-log p(x | z) of images from `prepare`, nats, float64 `(batch,)`."""
        if self.kind == "discretised":
            assert isinstance(self.likelihood, Gaussian | Laplace)
            return self.likelihood.discretised_distortion(np.asarray(prepared, np.uint8), parameters)
        # Pixel by pixel float32 is enough (and ten times as fast): a sum of a thousand such terms is right to 1e-6.
        return np.asarray(self.likelihood.distortion(namespace, prepared, parameters), np.float64)


def measure_of(recipe: Recipe, likelihood: Likelihood, only_black_and_white: bool = False) -> PixelMeasure:
    """Settle how images are counted under a recipe.

    Args:
        recipe: What the model was trained by.
        likelihood: What its decoder's parameters mean.
        only_black_and_white: Whether every pixel is 0 or the brightest anyway; see `black_and_white`.
    """
    kind, explanation = _kind(recipe, likelihood, only_black_and_white)
    return PixelMeasure(kind, explanation, likelihood, recipe.pixels)


def measure_for(run: Run, source: ImageSource) -> PixelMeasure:
    """Settle how the images of a source are counted under a run, looking at them where the recipe leaves it open."""
    unclear = run.recipe.likelihood.of_binary and run.recipe.pixels.binarise == "none"
    return measure_of(run.recipe, run.likelihood, unclear and black_and_white(source))


def black_and_white(source: ImageSource) -> bool:
    """Whether every pixel of every image is 0 or the brightest; stops reading at the first that is grey."""
    brightest = 255 if source.spec.dtype == "uint8" else 1.0
    size = batch_size_for(source.spec.dims)
    for start in range(0, len(source), size):
        images = source.read(np.arange(start, min(start + size, len(source)), dtype=np.int64))
        if not np.all((images == 0) | (images == brightest)):
            return False
    return True


def _kind(recipe: Recipe, likelihood: Likelihood, only_black_and_white: bool) -> tuple[Kind, str]:
    if not recipe.latent.has_posterior:
        return "none", (
            "A plain autoencoder gives an image one code and has no distribution over codes, so no image has a "
            f"probability, and no log-likelihood is given. --set latent={recipe.latent.variational} makes it a VAE, "
            "which has one."
        )
    if recipe.is_likelihood:
        pixels = "black-and-white" if recipe.likelihood.of_binary else "8-bit"
        return "probability", f"Distortion + rate bounds the log-probability of the {pixels} pixels."
    if recipe.likelihood.of_binary:
        if only_black_and_white:
            return "probability", "Every pixel is black or white, so distortion + rate bounds their log-probability."
        return "none", (
            "The training loss, binary cross-entropy on grey pixels, is no log-likelihood: grey has no probability "
            "under a Bernoulli. So none is given. A model trained with --set pixels.binarise=stochastic (or threshold) "
            "has one, and so has one with --set likelihood=gaussian."
        )
    name = recipe.likelihood.kind.capitalize()
    if recipe.pixels.dtype != "uint8":
        return "density", (
            f"The pixels are real numbers, so these are logarithms of a {name} density: they may exceed 0, and cannot "
            "be set beside probabilities of 8-bit pixels."
        )
    if isinstance(likelihood, Gaussian | Laplace):
        return "discretised", (
            f"The training loss, a {name} density at 8-bit integers, is no log-probability. What is given instead is "
            "one: the density's mass over each level's bin, the lowest and the highest open-ended."
        )
    return (
        "none",
        f"The training loss, {recipe.likelihood.measure}, gives 8-bit pixels no probability, so none is given.",
    )
