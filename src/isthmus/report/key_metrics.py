"""The figures that matter, with their units and what each means in a sentence."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.recipes import Recipe
from isthmus.units import bits, bits_per_dim

GREY_LEVELS = 255
_MOST_TOLD_APART = 1e6
_LARGEST = 1e300
"""Larger numbers in a file are no metrics."""

Meanings = dict[str, tuple[str, str, Callable[[float], str]]]
"""By key: the name, the unit, and from the mean to a sentence or two."""
_PSNR = "Peak signal-to-noise ratio, the mean over images; higher is better, and 6 dB more is half the error."


@dataclass(frozen=True)
class KeyFigure:
    """One figure.

    Attributes:
        name: What it is called.
        value: The number.
        error: Its standard error over images, or nothing.
        unit: What it is in.
        meaning: A sentence or two.
    """

    name: str
    value: str
    error: str
    unit: str
    meaning: str


def key_figures(
    metrics: Mapping[str, Any], recipe: Recipe, dims: int, pixel_variance: float | None = None
) -> list[KeyFigure]:
    """Put the figures of `metrics.json` into words; those that are not there are left out.

    PSNR comes first for grey and colour images, nats per image for a Bernoulli likelihood.

    Args:
        metrics: `psnr_db`, `mse` (pixels from 0 to 1), and `elbo_nats` or `loss_nats`, `distortion_nats`, `rate_nats`
            (nats per image), each with `mean` and `standard_error`.
        recipe: What the run was made by.
        dims: The numbers in one image.
        pixel_variance: The mean over pixels of the variance over the same images, to set the squared error against.
    """
    nats: Meanings = {
        "elbo_nats": ("ELBO", "nats per image", lambda mean: _elbo(mean, dims)),
        "loss_nats": ("Loss", "nats per image", lambda mean: _loss(recipe)),
        "distortion_nats": ("Distortion", "nats per image", lambda mean: _distortion(recipe)),
        "rate_nats": ("Rate", "nats per image", _rate),
    }
    pixels: Meanings = {
        "psnr_db": ("PSNR", "dB", lambda mean: _PSNR),
        "mse": ("Squared error", "per pixel, 0 to 1", lambda mean: _squared_error(mean, recipe, pixel_variance)),
    }
    meanings = {**nats, **pixels} if recipe.likelihood.kind == "bernoulli" else {**pixels, **nats}
    figures = []
    for key, (name, unit, meaning) in meanings.items():
        found = metrics.get(key)
        if not isinstance(found, Mapping) or (mean := _number(found.get("mean"))) is None:
            continue
        decimals = 4 if key == "mse" else 2
        error = _number(found.get("standard_error"))
        figures.append(
            KeyFigure(
                name=name,
                value=spell(mean, decimals),
                error="" if error is None else spell(error, decimals + (1 if key == "mse" else 0)),
                unit=unit,
                meaning=meaning(mean),
            )
        )
    return figures


def _number(value: object) -> float | None:
    """A value as a number; None for what no metric is: a run may come with anything in its file."""
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None


def spell(value: float, decimals: int) -> str:
    """Write a number with a true minus sign and commas."""
    return f"{value:,.{decimals}f}".replace("-", "−")


def _elbo(mean: float, dims: int) -> str:
    return (
        "A lower bound on the log-probability of an image that the model never saw; nearer to 0 is better. "
        f"An image could be stored without loss in about {bits(-mean):,.0f} bits, {bits_per_dim(-mean, dims):.3f} for "
        "each number in it."
    )


def _loss(recipe: Recipe) -> str:
    why = _NO_LIKELIHOOD[recipe.likelihood.kind]
    return f"Distortion plus rate; lower is better. {why} Compare it only with runs on the same images and pixels."


def _distortion(recipe: Recipe) -> str:
    if recipe.is_likelihood:
        return "What still has to be said about an image once its code is known; lower is better."
    kind = _DISTORTIONS[recipe.likelihood.kind]
    pair = ("predictions", "targets") if recipe.task.restores else ("reconstructions", "images")
    return (
        f"How far {pair[0]} are from their {pair[1]}: {kind}, summed over the image, in the unit of the loss; lower is "
        f"better. {_NO_LIKELIHOOD[recipe.likelihood.kind]}"
    )


_DISTORTIONS = {
    "bernoulli": "cross-entropy",
    "gaussian": "squared error",
    "laplace": "absolute error",
    "logistic": "the cost of each pixel's level",
    "categorical": "cross-entropy of each pixel's class",
}
_OF_INPUT = "It depends on the input as well as on the code, so it is no log-probability of an image."
_NO_LIKELIHOOD = {
    "bernoulli": "Cross-entropy on grey pixels cannot fall to 0, however good the model: it is no likelihood.",
    "gaussian": "A density of pixels that come in whole steps has no lower limit: it is no likelihood.",
    "laplace": "A density of pixels that come in whole steps has no lower limit: it is no likelihood.",
    "logistic": _OF_INPUT,
    "categorical": _OF_INPUT,
}


def _rate(mean: float) -> str:
    told_apart = f"{math.exp(mean):,.0f}" if math.exp(min(mean, 50.0)) < _MOST_TOLD_APART else "millions of"
    return (
        f"What a code says about its image: {bits(mean):.1f} bits, enough to tell {told_apart} images apart. "
        "At 0 the code would say nothing."
    )


def _squared_error(mean: float, recipe: Recipe, pixel_variance: float | None) -> str:
    kind = "black-and-white pixel" if recipe.pixels.binarise != "none" else "pixel"
    text = f"A typical {kind} is off by {math.sqrt(mean) * GREY_LEVELS:.0f} of {GREY_LEVELS} grey levels; 0 is perfect."
    if pixel_variance:
        share = 1 - mean / pixel_variance
        text += (
            f" The codes account for {share:.0%} of what differs between the images."
            if share > 0
            else (" The mean image would do as well: the codes say nothing of use.")
        )
    return text
