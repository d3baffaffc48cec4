"""Plots of the latent space, as elements of a page."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from isthmus import plots
from isthmus.data import select, spread
from isthmus.evaluation.latent import ACTIVE_VARIANCE
from isthmus.evaluation.measurements import Measurements
from isthmus.plots.checks import Codes
from isthmus.plots.of_run import SHOWN_CODES, decoder_of, range_of, way_of
from isthmus.plots.sheets import thumbnails
from isthmus.probability.densities import typical
from isthmus.report.elements import inline_figure
from isthmus.report.page import Panel
from isthmus.runs import Run
from isthmus.wording import spell_count, spell_images

MANIFOLD_PIXELS = 1120
"""A side of the manifold at most, in the pixels of its images."""
WIDE = 760
"""The width of a panel that has a row to itself, in CSS pixels."""


def latent_space(run: Run, measured: Measurements | None) -> list[Panel]:
    """Plot the manifold, the codes of images, the information per dimension, interpolations and a traversal.

    Args:
        run: The run.
        measured: Its images with their codes; without, only a manifold can be drawn.

    Returns:
        The plots; none of discrete codes, between which there is nothing to draw.
    """
    if run.latent.is_discrete:
        return []
    dim, note = run.recipe.latent.dim, ""
    if run.is_conditional:
        shown = run.class_names[run.trained_labels[0]]
        run, note = run.conditioned_on(shown), f" All are decoded as class {shown}."
    decode = _small_decoder(run)

    def decoded(panel: Panel) -> Panel:
        return replace(panel, caption=f"{panel.caption}{note}")

    panels: list[Panel] = []
    if dim == 2 and not run.skips:  # with skip connections, a code alone gives no image
        panels.append(decoded(_manifold(run, decode) if run.latent.has_standard_prior else _grid(measured, decode)))
    if measured is None:
        return panels
    information, unit = measured.codes.information
    if dim >= 2:
        panels += [*_codes(run, measured), _information(run, information, unit)]
    if len(measured.test) >= 2:
        panels.append(decoded(_interpolation(run, measured, decode)))
    if dim != 2:  # two dimensions are shown at once above
        panels.append(decoded(_traversal(run, measured, decode, information, unit)))
    return panels


def _small_decoder(run: Run) -> plots.Decode:
    decode = decoder_of(run)
    return lambda codes: thumbnails(decode(codes), 64)


def _manifold(run: Run, decode: plots.Decode) -> Panel:
    side = min(64, max(run.image.shape[:2]))
    n = int(np.clip(MANIFOLD_PIXELS // side, 8, 20))
    return inline_figure(
        lambda theme: plots.manifold(decode, n, theme=theme),
        "manifold",
        f"{n} by {n} images decoded from evenly likely codes: neighbours are alike.",
        title="The manifold",
        caption=f"Decoded from {n}x{n} codes, evenly spaced in the prior's probability from 5% to 95% per dimension.",
    )


def _grid(measured: Measurements | None, decode: plots.Decode) -> Panel:
    low, high = -5.0, 5.0
    if measured is not None:
        low, high = (float(value) for value in np.percentile(measured.codes.posterior["mean"], (1, 99)))
        low, high = (low, high) if high - low > 1e-6 else (low - 1.0, high + 1.0)
    return inline_figure(
        lambda theme: plots.grid(decode, x=(low, high), y=(low, high), step=(high - low) / 12, theme=theme),
        "grid",
        "Images decoded from a square of codes.",
        title="The latent plane",
        caption="Decoded from a square of codes around those of images.",
    )


def _codes(run: Run, measured: Measurements) -> list[Panel]:
    some = select(measured.test, chosen := spread(len(measured.test), SHOWN_CODES))
    codes = measured.codes.posterior["mean"][chosen]
    colours = "" if some.labels is None else " Its colour and shape are its class."
    about = f"A point for each of {spell_images(len(codes), measured.what)}.{colours}"
    planes: list[tuple[str, str, NDArray[np.floating], tuple[str, str]]]
    if codes.shape[1] == 2:
        planes = [("Latent codes", about, codes, plots.AXIS_LABELS)]
    elif len(codes) < 4 or not np.ptp(codes, axis=0).any():
        return []
    else:
        pca, tsne = plots.project(codes, "pca"), plots.project(codes, "tsne", seed=run.recipe.training.seed)
        near = "The same points. Neighbours stay close; distances between groups mean nothing."
        planes = [
            ("Latent codes, by PCA", f"{about} Distances have a meaning.", pca.codes, pca.axis_labels),
            ("Latent codes, by t-SNE", near, tsne.codes, tsne.axis_labels),
        ]
    return [
        inline_figure(
            lambda theme, points=points, axis_labels=axis_labels: plots.scatter(  # type: ignore[misc]
                points,
                some.labels,
                class_names=some.class_names or run.class_names,
                axis_labels=axis_labels,
                theme=theme,
            ),
            f"codes-{number}",
            f"{text} {spell_count(len(codes), 'point')}.",
            title=title,
            caption=text,
        )
        for number, (title, text, points, axis_labels) in enumerate(planes)
    ]


def _information(run: Run, information: NDArray[np.float64], unit: str) -> Panel:
    # The share of the largest variance that `isthmus.evaluation.latent.active_dimensions` asks of point codes.
    least = ACTIVE_VARIANCE * (1.0 if unit == "nats" else float(information.max(initial=0.0)))
    measure = "KL divergence from the prior, averaged" if unit == "nats" else "Variance of the codes"
    return inline_figure(
        lambda theme: plots.dimension_bars(information, inactive=least, unit=unit, theme=theme),
        "dimensions",
        f"The information in each of {spell_count(len(information), 'latent dimension')}, in {unit}.",
        title="Information per dimension",
        caption=f"{measure} over images. A dimension at 0 is inactive.",
    )


def _interpolation(run: Run, measured: Measurements, decode: plots.Decode) -> Panel:
    way, pairs = way_of(run), min(5, len(measured.test) // 2)
    chosen = np.random.default_rng(run.recipe.training.seed).choice(len(measured.test), 2 * pairs, replace=False)
    codes = measured.codes.posterior["mean"][chosen]
    path = "on a sphere, near which the codes of a VAE lie" if way == "spherical" else "in a straight line"
    return inline_figure(
        lambda theme: plots.interpolation(decode, codes[:pairs], codes[pairs:], steps=11, way=way, theme=theme),
        "interpolation",
        f"{pairs} rows, each from the code of one image to that of another.",
        title="Interpolation",
        caption=f"From the code of one image to that of another, {path}.",
    )


def _traversal(
    run: Run, measured: Measurements, decode: plots.Decode, information: NDArray[np.float64], unit: str
) -> Panel:
    codes: Codes = measured.codes.posterior["mean"]
    start, values = codes[typical(codes)], np.linspace(*range_of(run, codes), 11).round(2)
    return inline_figure(
        lambda theme: plots.traversal(decode, start, information, values=values, unit=unit, most=8, theme=theme),
        "traversal",
        "A row for each latent dimension: how the image changes with it.",
        title="Traversal",
        caption="Each row changes one dimension of a typical image's code. The dimension with the most information is "
        "on top.",
        shown=WIDE,
    )
