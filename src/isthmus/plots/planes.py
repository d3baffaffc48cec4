"""Planes: a latent of two dimensions, decoded all over."""

from statistics import NormalDist

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from isthmus.errors import UsageError
from isthmus.plots.checks import Codes, Decode, decoded
from isthmus.plots.figures import figure_for
from isthmus.plots.labels import thin_ticks
from isthmus.plots.mosaics import draw_cells, frame_cells, interpolation_for
from isthmus.plots.sheets import arrange, rgba
from isthmus.plots.style import ThemeName, format_number, style_axes, style_context

LOWEST_QUANTILE, HIGHEST_QUANTILE = 0.05, 0.95
MOST_A_SIDE = 100
AXIS_LABELS = ("z[0]", "z[1]")

_NORMAL = NormalDist()
_SIDE_INCHES = 6.4


def require_plane(latent_dim: int, plot: str) -> None:
    """Refuse to draw `plot`, such as "manifold", unless the latent has two dimensions.

    Raises:
        UsageError: If `latent_dim` is not 2; the message says what to draw instead.
    """
    if latent_dim != 2:
        raise UsageError(
            f"expected a latent of 2 dimensions for a {plot}; this one has {latent_dim}. "
            "Draw a traversal, an interpolation or a scatter instead, or train with a latent of 2."
        )


def manifold_codes(n: int = 20) -> Codes:
    """Return the codes of an n×n manifold: the standard normal's quantiles at n even steps from 0.05 to 0.95.

    Returns:
        float32 `(n * n, 2)` in reading order: the first row is the top of the plot, where `z[1]` is largest, and `z[0]`
        grows along it.

    Raises:
        UsageError: If `n` is not 2 to 100.
    """
    if not 2 <= n <= MOST_A_SIDE:
        raise UsageError(f"expected `n` from 2 to {MOST_A_SIDE} images per side; got {n}. Twenty are a good choice.")
    values = np.array([_NORMAL.inv_cdf(p) for p in np.linspace(LOWEST_QUANTILE, HIGHEST_QUANTILE, n)])
    return _plane(values, values)


def manifold(decode: Decode, n: int = 20, *, axes: Axes | None = None, theme: ThemeName = "light") -> Figure:
    """Draw n×n images decoded at the standard normal's quantiles, so that each stands for as much of the prior.

    Args:
        decode: Takes float32 `(n * n, 2)`, gives uint8 `(n * n, h, w, c)`.
        n: Images a side, 2 to 100.
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If `n` or the output of `decode` is invalid.
    """
    images = decoded(decode, manifold_codes(n))
    height, width = images.shape[1:3]
    with style_context(theme) as look:
        figure, axes = figure_for(axes, (_SIDE_INCHES, _SIDE_INCHES * height / width))
        draw_cells(axes, images, n, gap=0)
        frame_cells(axes, look, images, n, n, gap=0)
        # Cells are even in the quantile, so round values of the latent are not even: place each by its probability.
        marks = np.arange(-1.5, 1.6, 0.5)
        probabilities = np.array([_NORMAL.cdf(mark) for mark in marks])
        places = (probabilities - LOWEST_QUANTILE) / (HIGHEST_QUANTILE - LOWEST_QUANTILE) * (n - 1)
        texts = [format_number(mark) for mark in marks]
        axes.set_xticks(places, texts)
        axes.set_yticks(n - 1 - places, texts)
        axes.tick_params(length=3)
        axes.set_xlabel(AXIS_LABELS[0])
        axes.set_ylabel(AXIS_LABELS[1])
        thin_ticks(axes.xaxis)
        thin_ticks(axes.yaxis)
    return figure


def grid_codes(x: tuple[float, float] = (-5, 5), y: tuple[float, float] = (-5, 5), step: float = 1.0) -> Codes:
    """Return the codes of a grid: every `step` from the lower end of each range to the upper, if a step meets it.

    Args:
        x: The range of `z[0]`.
        y: The range of `z[1]`.
        step: The distance between codes, along both.

    Returns:
        float32 `(rows * columns, 2)` in reading order, as in `manifold_codes`; 121 by default.

    Raises:
        UsageError: If a range is empty, or has more than 100 steps.
    """
    return _plane(_steps(x, step, "x"), _steps(y, step, "y"))


def grid(
    decode: Decode,
    *,
    x: tuple[float, float] = (-5, 5),
    y: tuple[float, float] = (-5, 5),
    step: float = 1.0,
    axes: Axes | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw the images decoded over a range of a latent of two dimensions, each centred at its code.

    Args:
        decode: Takes float32 `(n, 2)`, gives uint8 `(n, h, w, c)`.
        x: The range of `z[0]`.
        y: The range of `z[1]`.
        step: The distance between codes, along both.
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If the ranges or the output of `decode` are invalid.
    """
    images = decoded(decode, grid_codes(x, y, step))
    across, up = _steps(x, step, "x"), _steps(y, step, "y")
    height, width = images.shape[1:3]
    with style_context(theme) as look:
        size = (_SIDE_INCHES, _SIDE_INCHES * len(up) / len(across) * height / width)
        figure, axes = figure_for(axes, size)
        half = step / 2
        axes.imshow(
            arrange(rgba(images), len(across), 0),
            extent=(across[0] - half, across[-1] + half, up[0] - half, up[-1] + half),
            interpolation=interpolation_for(images),
        )
        axes.set_aspect(height / width)
        style_axes(axes, look, frame=False)
        axes.tick_params(length=3)
        for axis, values in ((axes.xaxis, across), (axes.yaxis, up)):
            if len(values) <= 13:
                axis.set_ticks(values)
            else:
                axis.set_major_locator(MaxNLocator(10))
            axis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
        axes.set_xlabel(AXIS_LABELS[0])
        axes.set_ylabel(AXIS_LABELS[1])
        thin_ticks(axes.xaxis)
        thin_ticks(axes.yaxis)
    return figure


def _plane(across: NDArray[np.float64], up: NDArray[np.float64]) -> Codes:
    x, y = np.meshgrid(across, up[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def _steps(ends: tuple[float, float], step: float, name: str) -> NDArray[np.float64]:
    low, high = ends
    if not (np.isfinite([low, high, step]).all() and step > 0 and low < high):
        raise UsageError(
            f"expected `{name}` as (low, high) with low < high, and a positive `step`; got {ends} and {step}. "
            "Try (-5, 5) and 1."
        )
    # A tenth of a step in hand: (1 - 0) / 0.1 is 9.99… in floating point.
    count = int((high - low) / step + 0.1) + 1
    if count > MOST_A_SIDE:
        raise UsageError(f"expected at most {MOST_A_SIDE} images along `{name}`; got {count}. Take a larger step.")
    return low + step * np.arange(count, dtype=np.float64)
