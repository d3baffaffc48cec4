"""Curves: the losses by epoch, term by term."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import UsageError
from isthmus.plots.figures import new_figure, owner
from isthmus.plots.style import Theme, ThemeName, format_number, style_axes, style_context

VALIDATION = "val_"


def history(
    columns: Mapping[str, ArrayLike],
    *,
    terms: Sequence[str] | None = None,
    best_epoch: int | None = None,
    unit: str = "nats per image",
    axes: Axes | Sequence[Axes] | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw a panel for each term of the loss: training and validation by epoch, and the best epoch.

    Args:
        columns: Numbers by epoch, all `(epochs,)`: `loss`, `val_loss` and so on, in `unit`; `epoch` where it does not
            count from 1.  Values that are not finite are left out.
        terms: Which to draw; by default those with a validation column, or, where none has one, `loss` alone.
        best_epoch: The epoch to mark; by default that of the first term's lowest validation (or training) value.
        unit: The unit of the losses.
        axes: Where to draw, one for each term; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If there is nothing to draw, columns differ in length, or axes and terms are not as many.
    """
    table = _table(columns)
    drawn = list(terms) if terms is not None else _default_terms(table)
    missing = [term for term in drawn if term not in table]
    if missing or not drawn:
        raise UsageError(
            f"expected terms that the history has; got {', '.join(missing) or 'none'}. "
            f"It has {', '.join(table) or 'no columns'}."
        )
    epochs = table.get("epoch", np.arange(1.0, len(table[drawn[0]]) + 1))
    best = _best_epoch(epochs, table, drawn[0]) if best_epoch is None else best_epoch
    with style_context(theme) as look:
        figure, panels = _panels(axes, len(drawn))
        for panel, term in zip(panels, drawn, strict=True):
            _draw_term(panel, look, epochs, table[term], table.get(VALIDATION + term), best)
            panel.set_title(term.replace("_", " "))
            panel.set_xlabel("epoch")
        panels[0].set_ylabel(unit)
        panels[0].legend(
            loc="best", handlelength=1.6, labelcolor=look.ink, frameon=True, framealpha=0.9, facecolor=look.background,
            edgecolor="none",
        )  # fmt: skip
    return figure


def _table(columns: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    table = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    shapes = {name: values.shape for name, values in table.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 or shape == (0,) for shape in shapes.values()):
        raise UsageError(
            f"expected columns with a number for each epoch; got shapes {shapes}. Give all the same length."
        )
    return table


def _default_terms(table: Mapping[str, object]) -> list[str]:
    validated = [name for name in table if VALIDATION + name in table]
    return validated or [name for name in ("loss",) if name in table]


def _best_epoch(epochs: NDArray[np.float64], table: Mapping[str, NDArray[np.float64]], term: str) -> int | None:
    values = table.get(VALIDATION + term, table[term])
    finite = np.isfinite(values)
    return int(epochs[finite][np.argmin(values[finite])]) if finite.any() else None


def _panels(axes: Axes | Sequence[Axes] | None, count: int) -> tuple[Figure, list[Axes]]:
    if axes is None:
        figure = new_figure((max(4.6, 3.1 * count), 3.1))
        return figure, list(figure.subplots(1, count, squeeze=False)[0])
    panels = [axes] if isinstance(axes, Axes) else list(axes)
    if len(panels) != count:
        raise UsageError(
            f"expected {count} axes, one for each term; got {len(panels)}. Name the terms to draw in `terms`."
        )
    return owner(panels[0]), panels


def _draw_term(
    axes: Axes,
    look: Theme,
    epochs: NDArray[np.float64],
    training: NDArray[np.float64],
    validation: NDArray[np.float64] | None,
    best: int | None,
) -> None:
    # One epoch has no line to draw.
    marker = "o" if len(epochs) == 1 else None
    axes.plot(epochs, training, color=look.muted, linewidth=1.2, marker=marker, markersize=4, label="training")
    if validation is not None:
        axes.plot(epochs, validation, color=look.accent, marker=marker, markersize=4, label="validation")
    judged = training if validation is None else validation
    for epoch, value in zip(epochs, judged, strict=True):
        if epoch == best and np.isfinite(value):
            axes.axvline(epoch, color=look.highlight, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
            axes.plot([epoch], [value], "o", color=look.highlight, markersize=5, zorder=4, label=f"best: epoch {best}")
            early = epoch - epochs[0] < (epochs[-1] - epochs[0]) / 3
            axes.annotate(
                format_number(value, 2), (epoch, value), (5 if early else -5, 6), textcoords="offset points",
                ha="left" if early else "right", va="bottom",
                fontsize=8, color=look.highlight, zorder=5,
                bbox={"boxstyle": "square,pad=0.1", "facecolor": look.background, "edgecolor": "none", "alpha": 0.8},
            )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.margins(0.05, 0.08)
    style_axes(axes, look, grid=True)
