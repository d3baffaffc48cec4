"""Bars: the information per latent dimension."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from isthmus.errors import UsageError
from isthmus.plots.checks import as_vector
from isthmus.plots.figures import figure_for
from isthmus.plots.style import ThemeName, format_number, style_axes, style_context

_NAMED_BARS = 20


def dimension_bars(
    values: ArrayLike,
    *,
    inactive: float = 0.0,
    unit: str = "nats",
    axes: Axes | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw a bar for each latent dimension, from the one with the most information.

    Args:
        values: `(d,)`, the information in each, 0 or more: its KL divergence from the prior, averaged over images.
        inactive: The limit below which a dimension is inactive: its bar is grey, and counted.
        unit: The unit of the values.
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If a value is negative or not finite, or there is none.
    """
    heights = as_vector(values, "values")
    if heights.min() < 0:
        raise UsageError(f"expected `values` of 0 or more; got {heights.min():g}. A KL divergence is never negative.")
    order = np.argsort(-heights, kind="stable")
    count = len(order)
    with style_context(theme) as look:
        figure, axes = figure_for(axes, (4.6, 3.1))
        is_inactive = heights[order] < inactive
        colours = [look.muted if below else look.accent for below in is_inactive]
        axes.bar(range(count), heights[order], color=colours, width=0.8 if count <= 64 else 1.0, linewidth=0)
        if count <= _NAMED_BARS:
            axes.set_xticks(range(count), [str(k) for k in order])
            axes.set_xlabel("latent dimension")
            for place, k in enumerate(order):
                axes.annotate(
                    format_number(heights[k], 2 if heights[k] < 10 else 1), (place, heights[k]), (0, 2),
                    textcoords="offset points", ha="center", va="bottom", fontsize=7 if count <= 10 else 5.5,
                    color=look.ink,
                )  # fmt: skip
        else:
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            axes.set_xlabel("latent dimensions, sorted")
        if is_inactive.any():
            axes.annotate(
                f"{np.count_nonzero(is_inactive)} of {count} below {format_number(inactive)} {unit}", (1, 1), (-2, -2),
                xycoords="axes fraction", textcoords="offset points", ha="right", va="top", fontsize=8,
                color=look.muted,
            )  # fmt: skip
        axes.set_xlim(-0.6, count - 0.4)
        axes.set_ylabel(unit)
        axes.margins(y=0.12)
        style_axes(axes, look, grid=True)
        axes.grid(False, axis="x")
    return figure
