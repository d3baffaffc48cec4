"""The latent space of a run, for its report: each picture as an element of a page, with what to see in it."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus import plots
from isthmus.data import select, spread
from isthmus.evaluation.latent import ACTIVE_VARIANCE
from isthmus.plots.checks import Codes
from isthmus.plots.of_run import SHOWN_CODES, decoder_of, range_of
from isthmus.probability.densities import typical
from isthmus.report import Picture, inline_figure, thumbnails
from isthmus.runs import Run

if TYPE_CHECKING:
    from isthmus.workflows.seeing import Seen

MANIFOLD_PIXELS = 1120
"""A side of the manifold at most, in the pixels of its images."""
WIDE = 760
"""How wide a picture is that has a row for itself, in CSS pixels."""


def latent_pictures(run: Run, seen: "Seen | None", tells: NDArray[np.float64] | None, unit: str) -> list[Picture]:
    """The latent space: planes, clouds, what each dimension does, and ways from image to image.

    Args:
        run: The run.
        seen: Its images with what it makes of them; without, only a plane can be drawn.
        tells: How much each dimension tells, `(d,)`.
        unit: What that is in.
    """
    dim = run.recipe.latent.dim
    decode = _small_decoder(run)
    drawn: list[Picture] = []
    if dim == 2 and not run.skips:  # a code alone is no image where skips go around it
        drawn.append(_plane(run, seen, decode))
    if seen is None or tells is None:
        return drawn
    if dim >= 2:
        drawn += [*_clouds(run, seen), _bars(run, tells, unit)]
    if len(seen.source) >= 2:
        drawn.append(_ways(run, seen, decode))
    if dim != 2:  # a plane shows it all at once
        codes = seen.posterior["mean"]
        drawn.append(_traversal(decode, codes[typical(codes)], tells, range_of(run, codes), unit))
    return drawn


def _bars(run: Run, tells: NDArray[np.float64], unit: str) -> Picture:
    # The share of the largest variance that `isthmus.evaluation.latent.active_dimensions` asks of point codes.
    silent = ACTIVE_VARIANCE * (1.0 if unit == "nats" else float(tells.max(initial=0.0)))
    figure = inline_figure(
        lambda theme: plots.dimension_bars(tells, silent=silent, unit=unit, theme=theme),
        "dimensions",
        f"How much each of {len(tells)} dimensions of the code says, in {unit}.",
    )
    text = (
        "KL divergence from the prior, averaged over images: 0 says nothing."
        if run.latent.has_rate
        else "The variance of each number of the code over images: 0 says nothing."
    )
    return Picture(figure.html, figure.width, "What each dimension says", text)


def _small_decoder(run: Run) -> plots.Decode:
    decode = decoder_of(run)
    return lambda codes: thumbnails(decode(codes), 64)


def _plane(run: Run, seen: "Seen | None", decode: plots.Decode) -> Picture:
    side = min(64, max(run.image.shape[:2]))
    n = int(np.clip(MANIFOLD_PIXELS // side, 8, 20))
    if run.latent.has_rate:
        figure = inline_figure(
            lambda theme: plots.manifold(decode, n, theme=theme),
            "manifold",
            f"{n} by {n} images decoded from evenly likely codes: neighbours are alike.",
        )
        text = f"{n}x{n} codes at even steps of the prior's probability, from 5% to 95% along each dimension, decoded."
        return Picture(figure.html, figure.width, "The manifold", text)
    ends = (-5.0, 5.0) if seen is None else _ends(seen.posterior["mean"])
    figure = inline_figure(
        lambda theme: plots.grid(decode, x=ends, y=ends, step=(ends[1] - ends[0]) / 12, theme=theme),
        "grid",
        "Images decoded from a square of codes.",
    )
    return Picture(
        figure.html, figure.width, "The plane of codes", "A square of codes around those of images, decoded."
    )


def _ends(codes: Codes) -> tuple[float, float]:
    low, high = (float(value) for value in np.percentile(codes, (1, 99)))
    return (low, high) if high - low > 1e-6 else (low - 1.0, high + 1.0)


def _clouds(run: Run, seen: "Seen") -> list[Picture]:
    chosen = spread(len(seen.source), SHOWN_CODES)
    codes = seen.posterior["mean"][chosen]
    some = select(seen.source, chosen)
    names = some.class_names or run.class_names
    colours = "" if some.labels is None else " Its colour and shape are its class."
    about = f"A point for each of {len(codes):,} {seen.what}."
    planes: list[tuple[str, str, NDArray[np.floating], tuple[str, str]]]
    if codes.shape[1] == 2:
        planes = [("The codes", about + colours, codes, plots.AXIS_LABELS)]
    elif len(codes) < 4 or not np.ptp(codes, axis=0).any():
        return []
    else:
        pca, tsne = plots.project(codes, "pca"), plots.project(codes, "tsne", seed=run.recipe.training.seed)
        planes = [
            ("The codes, by PCA", f"{about}{colours} Distances mean something.", pca.codes, pca.axis_labels),
            (
                "The codes, by t-SNE",
                "The same points. Neighbours are near each other; distances between groups mean nothing.",
                tsne.codes,
                tsne.axis_labels,
            ),
        ]
    drawn = []
    for number, (title, text, points, axis_labels) in enumerate(planes):
        figure = inline_figure(
            lambda theme, points=points, axis_labels=axis_labels: plots.scatter(  # type: ignore[misc]
                points, some.labels, class_names=names, axis_labels=axis_labels, theme=theme
            ),
            f"codes-{number}",
            f"{text} {len(codes):,} points.",
        )
        drawn.append(Picture(figure.html, figure.width, title, text))
    return drawn


def _traversal(
    decode: plots.Decode, start: Codes, tells: NDArray[np.float64], ends: tuple[float, float], unit: str
) -> Picture:
    values = np.linspace(*ends, 11).round(2)
    figure = inline_figure(
        lambda theme: plots.traversal(decode, start, tells, values=values, unit=unit, most=8, theme=theme),
        "traversal",
        "A row for each dimension of the code: how the image changes with it.",
        shown=WIDE,
    )
    text = (
        "Each row changes one dimension of a typical image's code and keeps the others; the one with the most "
        "information is on top."
    )
    return Picture(figure.html, figure.width, "What each dimension does", text)


def _ways(run: Run, seen: "Seen", decode: plots.Decode) -> Picture:
    way: plots.Way = "spherical" if run.latent.has_rate and run.recipe.latent.dim > 2 else "straight"
    pairs = min(5, len(seen.source) // 2)
    chosen = np.random.default_rng(run.recipe.training.seed).choice(len(seen.source), 2 * pairs, replace=False)
    codes = seen.posterior["mean"][chosen]
    figure = inline_figure(
        lambda theme: plots.interpolation(decode, codes[:pairs], codes[pairs:], steps=11, way=way, theme=theme),
        "ways",
        f"{pairs} rows that go from one image's code to another's.",
    )
    path = "on a sphere, where the codes of a VAE lie" if way == "spherical" else "in a straight line"
    text = f"From the code of one image to that of another, {path}."
    return Picture(figure.html, figure.width, "From image to image", text)
