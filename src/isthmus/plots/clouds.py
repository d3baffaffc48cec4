"""Clouds: the codes of images as points in a plane."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import UsageError
from isthmus.plots.checks import as_codes, as_labels, class_title
from isthmus.plots.figures import figure_for
from isthmus.plots.labels import place_labels
from isthmus.plots.planes import AXIS_LABELS
from isthmus.plots.style import MARKER_AREAS, MARKERS, Theme, ThemeName, style_axes, style_context

_LEGEND_ROWS = 20
_LEGEND_AREA = 34.0
_LONGEST_NAME = 24
"""Letters of a class's name beside its points; the legend has all."""


def scatter(
    codes: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    class_names: Sequence[str] | None = None,
    log_variance: ArrayLike | None = None,
    axis_labels: tuple[str, str] = AXIS_LABELS,
    axes: Axes | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw a point for each code, with a colour, a shape and a name for each class.

    Colour-blind readers have three ways to tell classes apart: Okabe and Ito's colours, the shapes, and the names at
    the classes' medians.

    Args:
        codes: `(n, 2)`; bring others to two dimensions with `project`.
        labels: Whole numbers `(n,)`, or None for one colour.
        class_names: The name of class k at k; numbers where there is none.
        log_variance: `(n, 2)`, log σ² of each posterior, for its ellipses at 1σ and 2σ.
        axis_labels: The names of the two dimensions.
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If the arrays do not fit each other, or the codes have not two dimensions.
    """
    points = as_codes(codes)
    if points.shape[1] != 2:
        raise UsageError(
            f"expected `codes` of 2 dimensions; got {points.shape[1]}. Project them first: project(codes, 'pca').codes."
        )
    classes = as_labels(labels, len(points))
    spreads = _spreads(log_variance, points)
    with style_context(theme) as look:
        figure, axes = figure_for(axes, (5.6 + _legend_inches(classes, class_names), 5.4))
        if spreads is not None:
            # The limits of a collection of ellipses count their centres alone.
            axes.update_datalim(np.concatenate([points - 2 * spreads, points + 2 * spreads]))
        names: list[Annotation] = []
        if classes is None:
            _draw_points(axes, points, spreads, look.accent, "o", look)
        else:
            names = _draw_classes(axes, points, classes, spreads, class_names, look)
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.04)
        axes.autoscale_view()
        style_axes(axes, look, grid=True)
        axes.set_xlabel(axis_labels[0])
        axes.set_ylabel(axis_labels[1])
        place_labels(axes, names, points)
    return figure


def _legend_inches(classes: NDArray[np.int64] | None, class_names: Sequence[str] | None) -> float:
    if classes is None:
        return 0.0
    titles = [class_title(int(label), class_names) for label in np.unique(classes)]
    return math.ceil(len(titles) / _LEGEND_ROWS) * (0.45 + 0.075 * max(map(len, titles)))


def _spreads(log_variance: ArrayLike | None, points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    if log_variance is None:
        return None
    array = as_codes(log_variance, "log_variance")
    if array.shape != points.shape:
        raise UsageError(
            f"expected `log_variance` of the codes' shape {points.shape}; got {array.shape}. "
            "Ellipses belong to the latent's own two dimensions: leave them out of a projection."
        )
    return np.exp(array / 2)


def _draw_classes(
    axes: Axes,
    points: NDArray[np.float64],
    classes: NDArray[np.int64],
    spreads: NDArray[np.float64] | None,
    class_names: Sequence[str] | None,
    look: Theme,
) -> list[Annotation]:
    """Draw the points and the legend, and return the classes' names, each at the median of its class."""
    present = np.unique(classes)
    titles = [class_title(int(label), class_names) for label in present]
    # By its own number, a class keeps its colour in a plot that lacks others.
    numbers = [int(label) if label >= 0 else place for place, label in enumerate(present)]
    colours = [look.classes[k % len(look.classes)] for k in numbers]
    members = [classes == label for label in present]
    for k, colour, mine in zip(numbers, colours, members, strict=True):
        own_spreads = None if spreads is None else spreads[mine]
        share = len(points) / np.count_nonzero(mine)
        _draw_points(axes, points[mine], own_spreads, colour, MARKERS[k % len(MARKERS)], look, f"class {k}", share)
    legend = axes.legend(
        loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, handletextpad=0.3, labelspacing=0.55,
        ncols=math.ceil(len(present) / _LEGEND_ROWS), labelcolor=look.ink,
    )  # fmt: skip
    for handle, text, k, title in zip(legend.legend_handles, legend.get_texts(), numbers, titles, strict=True):
        text.set_text(title)  # only now: Matplotlib leaves a label out that begins with an underscore
        if isinstance(handle, PathCollection):
            handle.set_alpha(1.0)
            handle.set_sizes([_LEGEND_AREA * MARKER_AREAS.get(MARKERS[k % len(MARKERS)], 1.0)])
    if len(present) > _LEGEND_ROWS:
        return []
    return [
        _name(axes, title, np.median(points[mine], axis=0), colour, look)
        for title, colour, mine in zip(titles, colours, members, strict=True)
    ]


def _name(axes: Axes, title: str, place: NDArray[np.float64], colour: str, look: Theme) -> Annotation:
    text = title if len(title) <= _LONGEST_NAME else f"{title[: _LONGEST_NAME - 1]}…"
    return axes.annotate(
        text, tuple(place), tuple(place), ha="center", va="center", fontsize=9, fontweight="bold", color=look.ink,
        zorder=4, arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0},
        bbox={
            "boxstyle": "round,pad=0.28", "facecolor": look.background, "edgecolor": colour, "alpha": 0.92,
            "linewidth": 1.3,
        },
    )  # fmt: skip


def _draw_points(
    axes: Axes,
    points: NDArray[np.float64],
    spreads: NDArray[np.float64] | None,
    colour: str,
    marker: str,
    look: Theme,
    title: str | None = None,
    share: float = 1.0,
) -> None:
    """Draw the points of one class; `share` is the ratio of all points to those."""
    count = len(points) * share
    # Smaller where there are many, so that points stay apart.
    area = float(np.clip(18_000 / count, 9, 28)) * MARKER_AREAS.get(marker, 1.0)
    axes.scatter(
        points[:, 0], points[:, 1], s=area, c=colour, marker=marker, alpha=0.85, linewidths=0.35,
        edgecolors=look.background, label=title, zorder=3,
    )  # fmt: skip
    if spreads is None:
        return
    # Where hundreds overlap, each has to be faint for their sum to be seen through.
    faint = min(1.0, 8 / math.sqrt(count))
    for sigmas, alpha in ((2, 0.06 * faint), (1, 0.14 * faint)):
        diameters = 2 * sigmas * spreads
        axes.add_collection(
            EllipseCollection(
                diameters[:, 0], diameters[:, 1], np.zeros(len(points)), units="xy", offsets=points,
                offset_transform=axes.transData, facecolors=[to_rgba(colour, alpha)],
                edgecolors=[to_rgba(colour, 3 * alpha)], linewidths=0.5, zorder=2,
            )
        )  # fmt: skip
