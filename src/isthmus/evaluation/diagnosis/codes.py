"""What is odd about codes: dimensions without information, the prior, and the encoder."""

from typing import Any

import numpy as np

from isthmus.evaluation.diagnosis.finding import Finding
from isthmus.evaluation.diagnosis.summary import LEAST_SPREAD, Summary
from isthmus.recipes import Recipe

SOME_HOLES, MOSTLY_HOLES = 0.5, 0.9
FAR_POWER = 2.0
"""The mean square of codes, 1 under the prior, from which on they lie too far out to be drawn from it."""
AMORTISATION_SHARE = 0.10
LOST_DETAIL = 1.05
COLLAPSED_SHARE, COLLAPSED_PERPLEXITY = 0.1, 1.5
"""Less use of a codebook, or a smaller perplexity, is a collapse."""
LEAST_POSITIONS = 10
"""Positions for each code of the codebook, below which its use is not judged."""
_LISTED = 12


def strong_beta(summary: Summary) -> Finding | None:
    """A beta above 1 that costs too much: reconstructions worse than PCA's, or most dimensions."""
    if not summary.has_rate or summary.beta <= 1.0 or summary.active is None or summary.rate is None:
        return None
    active = int(summary.active.sum())
    worse = summary.baseline is not None and summary.baseline.wins
    if not worse and active * 2 > summary.dim:
        return None
    return Finding(
        "strong_beta",
        "fault" if worse or active == 0 else "remark",
        "Beta is too large",
        f"With beta {summary.beta:g} a nat of rate costs {summary.beta:g} nats of distortion: {active} of "
        f"{summary.dim} dimensions are active, and the rate is {summary.rate:.2f} nats.",
        "Set beta to 1, which gives the evidence lower bound.",
        {"objective.beta": 1},
    )


def weighed_rate(summary: Summary) -> Finding | None:
    """A beta other than 1, which every metric counts as 1."""
    if not summary.has_rate or summary.beta == 1.0 or strong_beta(summary) is not None:
        return None
    effect = (
        "less information in codes, blurrier images" if summary.beta > 1 else "more information in codes, worse samples"
    )
    return Finding(
        "weighed_rate",
        "remark",
        f"Trained with beta {summary.beta:g}",
        f"Training weighed the rate by {summary.beta:g} ({effect}). Metrics weigh it by 1, so that runs can be "
        "compared.",
    )


def inactive_dimensions(summary: Summary) -> Finding | None:
    """Dimensions that do not vary over images."""
    if summary.active is None or summary.active.all():
        return None
    inactive, dim = np.flatnonzero(~summary.active), summary.dim
    if len(inactive) < dim:
        return Finding(
            "inactive_dimensions",
            "remark",
            f"{len(inactive)} of {dim} dimensions are inactive",
            f"They hardly vary over images: {_listed(inactive)}. A code of {dim - len(inactive)} dimensions would do "
            "as well.",
        )
    remedy, fields = _wake(summary.recipe)
    return Finding(
        "inactive_dimensions",
        "fault",
        "Every dimension is inactive",
        f"None of {dim} dimensions varies over images"
        + (": the posterior is the prior (posterior collapse)." if summary.has_rate else "."),
        remedy,
        fields,
    )


def _wake(recipe: Recipe) -> tuple[str, dict[str, Any]]:
    """What wakes a code, where the cause is known."""
    if getattr(recipe.likelihood, "scale", "") == "fixed" and recipe.latent.has_posterior:
        sigma = getattr(recipe.likelihood, "sigma", 1.0)
        return (
            f"Errors are weighed by a fixed sigma of {sigma:g}, which makes them cheaper than the rate. Learn the "
            "scale.",
            {"likelihood.scale": "shared", "likelihood.sigma": min(sigma, 0.1)},
        )
    return "", {}


def collapsed_codebook(summary: Summary) -> Finding | None:
    """Discrete codes of which hardly any occur."""
    use = summary.codebook
    if use is None or use.positions < LEAST_POSITIONS * use.size:
        return None
    if use.share >= COLLAPSED_SHARE and use.perplexity >= COLLAPSED_PERPLEXITY:
        return None
    return Finding(
        "collapsed_codebook",
        "fault",
        "The codebook has collapsed",
        f"Held-out images use {use.used:,} of {use.size:,} codes, with a perplexity of {use.perplexity:.1f}. "
        "So the code of a position carries few bits.",
    )


def ignored_code(summary: Summary) -> Finding | None:
    """A decoder that makes the same image of every code."""
    if not summary.ignores_code or summary.restores:
        return None
    return Finding(
        "ignored_code",
        "fault",
        "The decoder ignores the code",
        f"Another image's code gives a squared error of {summary.shuffled_mse:.3g}, the image's own {summary.mse:.3g}.",
    )


def prior_holes(summary: Summary) -> Finding | None:
    """A prior whose samples are unlike codes of images."""
    if summary.ignores_code or not summary.has_rate:
        return None
    if summary.holes is not None:
        if summary.holes < SOME_HOLES:
            return None
        evidence = (
            f"{summary.holes:.0%} of the prior lies where codes of images hardly ever fall (1% if they were alike)"
        )
    elif summary.code_power is not None and summary.code_power >= FAR_POWER:
        evidence = f"Codes spread {summary.code_power**0.5:.1f} times as wide as the prior"
    else:
        return None
    fields = {"objective.beta": 1} if summary.beta < 1.0 else {}
    return Finding(
        "prior_holes",
        "fault" if summary.holes is not None and summary.holes >= MOSTLY_HOLES else "remark",
        "Holes under the prior",
        f"{evidence}, so samples from there are unlike the images. Samples of one class are drawn from the codes "
        "themselves (`isthmus sample --label`).",
        "Set beta to 1." if fields else "",
        fields,
    )


def weak_encoder(summary: Summary) -> Finding | None:
    """An encoder whose codes tell less than they could."""
    if summary.ignores_code or summary.restores:
        return None
    evidence = [text for text in (_amortised(summary), _lost(summary)) if text]
    if not evidence:
        return None
    return Finding("weak_encoder", "fault", "The encoder is the bottleneck", " ".join(evidence))


def _amortised(summary: Summary) -> str:
    gap, worth = summary.amortisation_gap, summary.code_worth
    if gap is None or worth is None or not gap.mean > LEAST_SPREAD * gap.standard_error:
        return ""
    share = gap.mean / max(gap.mean + worth, 1e-9)
    if share < AMORTISATION_SHARE:
        return ""
    return (
        f"A posterior optimised for its own image explains it {gap.mean:.1f} ± {gap.standard_error:.1f} nats better "
        f"than the encoder's: {share:.0%} of what codes are worth."
    )


def _lost(summary: Summary) -> str:
    own, pca = summary.code_error, summary.pca_code_error
    # A rate that is weighed more strongly loses detail by itself.
    if own is None or pca is None or own <= LOST_DETAIL * pca or summary.beta > 1.0:
        return ""
    return (
        f"Guessed from the nearest codes, images have a squared error of {own:.3g}; guessed by PCA with {summary.dim} "
        f"dimensions, {pca:.3g}."
    )


def _listed(dimensions: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> str:
    shown = ", ".join(f"z[{index}]" for index in dimensions[:_LISTED])
    return shown + (f" and {len(dimensions) - _LISTED} more" if len(dimensions) > _LISTED else "")
