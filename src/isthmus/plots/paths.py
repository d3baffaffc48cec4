"""Paths: from one code to another, and the images on the way."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import UsageError
from isthmus.plots.checks import Codes, Decode, as_codes, as_vector, choice, decoded
from isthmus.plots.figures import figure_for
from isthmus.plots.labels import thin_ticks
from isthmus.plots.mosaics import draw_cells, frame_cells, size_for
from isthmus.plots.style import ThemeName, format_number, style_context

Way = Literal["linear", "spherical"]


def lerp(start: ArrayLike, end: ArrayLike, fractions: ArrayLike) -> Codes:
    """Go from `start` to `end` in a straight line.

    Args:
        start: `(d,)`.
        end: `(d,)`.
        fractions: `(m,)`, how far along: 0 is the start and 1 the end, both exactly.

    Returns:
        float32 `(m, d)`.

    Raises:
        UsageError: If the ends do not have the same dimensions, or an array is no vector.
    """
    first, last, along = _ends(start, end, fractions)
    return _pinned((1 - along) * first + along * last, first, last, along)


def slerp(start: ArrayLike, end: ArrayLike, fractions: ArrayLike) -> Codes:
    """Turn from `start` to `end` at even speed: the direction along the great circle, the length in a straight line.

    A Gaussian code's length is near √d, and the middle of a straight line is shorter than any code that the decoder
    saw; this path keeps the length (Shoemake, 1985, "Animating rotation with quaternion curves"; White, 2016,
    "Sampling generative networks").  Where no great circle is the shortest, for opposite ends, it takes one of them;
    where there is none, for an end at zero or opposite ends in one dimension, the line is straight.

    Args:
        start: `(d,)`.
        end: `(d,)`.
        fractions: `(m,)`, how far along: 0 is the start and 1 the end, both exactly.

    Returns:
        float32 `(m, d)`.

    Raises:
        UsageError: If the ends do not have the same dimensions, or an array is no vector.
    """
    first, last, along = _ends(start, end, fractions)
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    if min(lengths) == 0 or len(first) == 1:
        return lerp(start, end, fractions)
    here, there = first / lengths[0], last / lengths[1]
    # Kahan's formula: the arc cosine of the product loses half the digits where ends are close or opposite.
    angle = 2 * np.arctan2(np.linalg.norm(here - there), np.linalg.norm(here + there))
    across = there - (here @ there) * here
    if np.linalg.norm(across) < 1e-9:
        across = np.zeros_like(here)
        across[np.argmin(np.abs(here))] = 1.0
    # Twice is enough: the second pass takes away what rounding left of `here` in the first.
    for _ in range(2):
        across = across - (here @ across) * here
        across = across / np.linalg.norm(across)
    directions = np.cos(along * angle) * here + np.sin(along * angle) * across
    return _pinned(((1 - along) * lengths[0] + along * lengths[1]) * directions, first, last, along)


def interpolation(
    decode: Decode,
    starts: ArrayLike,
    ends: ArrayLike,
    *,
    steps: int = 11,
    way: Way = "linear",
    axes: Axes | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw a row for each pair of codes: the images on the way from one to the other.

    Args:
        decode: Takes float32 `(n, d)`, gives uint8 `(n, h, w, c)`.
        starts: `(p, d)`.
        ends: `(p, d)`.
        steps: Images in a row, both ends among them; 2 or more.
        way: "linear" (`lerp`) or "spherical" (`slerp`).
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If starts and ends do not fit each other.
    """
    first, last = as_codes(starts, "starts"), as_codes(ends, "ends")
    if first.shape != last.shape:
        raise UsageError(
            f"expected `ends` of the starts' shape {first.shape}; got {last.shape}. Give a pair for each row."
        )
    if steps < 2:
        raise UsageError(f"expected `steps` of 2 or more, both ends among them; got {steps}. Eleven make a good row.")
    path = {"linear": lerp, "spherical": slerp}[choice(way, ("linear", "spherical"), "way")]
    fractions = np.linspace(0, 1, steps)
    images = decoded(decode, np.concatenate([path(a, b, fractions) for a, b in zip(first, last, strict=True)]))
    with style_context(theme) as look:
        figure, axes = figure_for(axes, size_for(images, steps, len(first), margins=(0.3, 0.5)))
        draw_cells(axes, images, steps)
        frame_cells(axes, look, images, steps, len(first))
        axes.set_xticks(range(steps), [format_number(round(fraction, 2)) for fraction in fractions])
        axes.set_xlabel(f"fraction of the path, {way}")
        thin_ticks(axes.xaxis)
    return figure


def _ends(
    start: ArrayLike, end: ArrayLike, fractions: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    first, last, along = as_vector(start, "start"), as_vector(end, "end"), as_vector(fractions, "fractions")
    if first.shape != last.shape:
        raise UsageError(
            f"expected `end` of the start's {len(first)} dimensions; got {len(last)}. Take both from the same model."
        )
    return first, last, along[:, None]


def _pinned(
    path: NDArray[np.float64], first: NDArray[np.float64], last: NDArray[np.float64], along: NDArray[np.float64]
) -> Codes:
    """Put the ends where they belong, to the last bit."""
    return np.where(along == 0, first, np.where(along == 1, last, path)).astype(np.float32)
