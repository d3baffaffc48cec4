"""The key metrics, with their units and the meaning of each."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.evaluation.codebook import CodebookUse
from isthmus.recipes import Recipe
from isthmus.units import bits, bits_per_dim

GREY_LEVELS = 255
_MOST_TOLD_APART = 1e6
_LARGEST = 1e300
"""Larger numbers in a file are not metrics."""

Meanings = dict[str, tuple[str, str, Callable[[float], str]]]
"""By key: the name, the unit, and from the mean to a sentence or two."""
_PSNR = "Peak signal-to-noise ratio, the mean over images; higher is better, and 6 dB more is half the error."


@dataclass(frozen=True)
class KeyMetric:
    """One metric.

    Attributes:
        name: Its name.
        value: The number.
        error: Its standard error over images, or nothing.
        unit: Its unit.
        meaning: A sentence or two.
    """

    name: str
    value: str
    error: str
    unit: str
    meaning: str


def key_metrics(
    metrics: Mapping[str, Any], recipe: Recipe, dims: int, pixel_variance: float | None = None
) -> list[KeyMetric]:
    """Explain the metrics of `metrics.json`; missing ones are left out.

    PSNR comes first for grey and colour images, nats per image for a Bernoulli likelihood.

    Args:
        metrics: `psnr_db`, `mse` (pixels from 0 to 1), and `elbo_nats` or `loss_nats`, `distortion_nats`, `rate_nats`
            (nats per image), each with `mean` and `standard_error`.
        recipe: The recipe of the run.
        dims: The number of values in one image.
        pixel_variance: The mean over pixels of the variance over the same images, to compare the squared error with.
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
    meanings = {**nats, **pixels} if recipe.likelihood.of_binary else {**pixels, **nats}
    found = []
    for key, (name, unit, meaning) in meanings.items():
        entry = metrics.get(key)
        if not isinstance(entry, Mapping) or (mean := _number(entry.get("mean"))) is None:
            continue
        decimals = 4 if key == "mse" else 2
        error = _number(entry.get("standard_error"))
        found.append(
            KeyMetric(
                name=name,
                value=spell(mean, decimals),
                error="" if error is None else spell(error, decimals + (1 if key == "mse" else 0)),
                unit=unit,
                meaning=meaning(mean),
            )
        )
    return found


def codebook_metrics(use: CodebookUse | None) -> list[KeyMetric]:
    """Explain how much of a codebook is used; nothing for continuous codes."""
    if use is None:
        return []
    usage = (
        f"{use.used:,} of the {use.size:,} codes that a position can have occur in these images. A model that uses few "
        "wastes its codebook."
    )
    perplexity = (
        f"The codes are as varied as {use.perplexity:,.0f} equally frequent ones. All {use.size:,} at best, and 1 if "
        "every position has the same code."
    )
    return [
        KeyMetric("Codebook usage", f"{100 * use.share:.0f}", "", "% of the codes", usage),
        KeyMetric("Codebook perplexity", spell(use.perplexity, 0), "", f"of {use.size:,} codes", perplexity),
    ]


def _number(value: object) -> float | None:
    """A value as a number, or None: an untrusted run may hold anything in its file."""
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None


def spell(value: float, decimals: int) -> str:
    """Write a number with a true minus sign and commas."""
    return f"{value:,.{decimals}f}".replace("-", "−")


def _elbo(mean: float, dims: int) -> str:
    return (
        "A lower bound on the log-probability of a held-out image; nearer to 0 is better. "
        f"An image could be stored without loss in about {bits(-mean):,.0f} bits, or {bits_per_dim(-mean, dims):.3f} "
        "bits per dimension."
    )


def _loss(recipe: Recipe) -> str:
    why = recipe.likelihood.caveat
    return f"Distortion plus rate; lower is better. {why} Compare it only with runs on the same images and pixels."


def _distortion(recipe: Recipe) -> str:
    if recipe.is_likelihood:
        return "The information in an image that its latent code lacks; lower is better."
    pair = ("predictions", "targets") if recipe.task.restores else ("reconstructions", "images")
    return (
        f"How far {pair[0]} are from their {pair[1]}: {recipe.likelihood.measure}, summed over the image. "
        f"Lower is better. {recipe.likelihood.caveat}"
    )


def _rate(mean: float) -> str:
    told_apart = f"{math.exp(mean):,.0f}" if math.exp(min(mean, 50.0)) < _MOST_TOLD_APART else "millions of"
    return (
        f"The information in a latent code: {bits(mean):.1f} bits, enough to tell {told_apart} images apart. "
        "At 0 the codes are useless."
    )


def _squared_error(mean: float, recipe: Recipe, pixel_variance: float | None) -> str:
    kind = "black-and-white pixel" if recipe.pixels.binarise != "none" else "pixel"
    text = f"A typical {kind} is off by {math.sqrt(mean) * GREY_LEVELS:.0f} of {GREY_LEVELS} grey levels; 0 is perfect."
    if pixel_variance:
        share = 1 - mean / pixel_variance
        text += (
            f" The model explains {share:.0%} of the variance of the images."
            if share > 0
            else " The mean image is as good: the latent codes are of no use."
        )
    return text
