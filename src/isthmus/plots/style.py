"""The style of all figures, light and dark."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes

from isthmus.plots.checks import choice

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """The colours of a figure, as Matplotlib reads them."""

    background: str
    ink: str
    """Text."""
    muted: str
    """Background information: axes, notes, the training curve."""
    grid: str
    accent: str
    """Foreground: points of one colour, the validation curve."""
    highlight: str
    """The one point that matters, such as the best epoch."""
    darker: str
    """Full colour of a negative difference."""
    brighter: str
    """Full colour of a positive difference."""
    classes: tuple[str, ...]
    """Okabe and Ito's eight colours, told apart by colour-blind readers, then two more that keep clear of them.

    Their yellow is deepened for white paper, their blue is lightened and their black is white for the dark.
    """


THEMES: dict[str, Theme] = {
    "light": Theme(
        background="#ffffff",
        ink="#24292f",
        muted="#7a838d",
        grid="#e7e9ec",
        accent="#0072b2",
        highlight="#d55e00",
        darker="#0072b2",
        brighter="#e66100",
        classes=(
            "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9",
            "#d55e00", "#000000", "#dccb1b", "#999999", "#6b3fa0",
        ),
    ),
    "dark": Theme(
        background="#14171c",
        ink="#e6e9ed",
        muted="#8b95a1",
        grid="#2b313a",
        accent="#56b4e9",
        highlight="#e69f00",
        darker="#56b4e9",
        brighter="#ff9a3c",
        classes=(
            "#1f8ad6", "#e69f00", "#009e73", "#cc79a7", "#7cc8f2",
            "#d55e00", "#ffffff", "#f0e442", "#999999", "#9a6fd0",
        ),
    ),
}  # fmt: skip

# Filled shapes only, so that each takes its colour.  Eleven of them and ten colours: no pair comes again before 110.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">", "p")
# Matplotlib's size is that of a box: how much larger it has to be for shapes to look as large as the circle.
MARKER_AREAS = {"^": 1.2, "v": 1.2, "<": 1.2, ">": 1.2, "D": 0.8, "P": 1.4, "X": 1.3, "*": 2.0, "p": 1.2}

# `rc_context` changes settings that all threads share.
_LOCK = threading.RLock()


@contextmanager
def style_context(theme: ThemeName = "light") -> Iterator[Theme]:
    """Draw in the house style for as long as the context lasts, and get the theme's colours.

    Raises:
        UsageError: If `theme` is neither "light" nor "dark".
    """
    look = THEMES[choice(theme, THEMES, "theme")]
    with _LOCK, mpl.rc_context(_settings(look)):
        yield look


def _settings(look: Theme) -> dict[Any, Any]:
    return {
        # DejaVu comes with Matplotlib: the same figure everywhere.  The others are for SVG viewers without it.
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
        "font.size": 8.5,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 8,
        "axes.labelsize": 8.5,
        "axes.labelpad": 5,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.facecolor": "none",
        "axes.edgecolor": look.muted,
        "axes.labelcolor": look.ink,
        "axes.prop_cycle": cycler(color=look.classes),
        "text.color": look.ink,
        "figure.facecolor": look.background,
        "figure.edgecolor": look.background,
        "savefig.facecolor": "auto",
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.solid_capstyle": "round",
        "lines.linewidth": 1.6,
        "svg.fonttype": "none",  # Text stays text: it can be searched, selected and read aloud.
        "svg.hashsalt": "isthmus",  # Names within the file follow from its content alone.
        "pdf.fonttype": 42,
        "path.simplify": True,
    }


def style_axes(axes: Axes, look: Theme, *, grid: bool = False, frame: bool = True) -> None:
    """Bring axes, new or the caller's, into the house style.

    Ticks are made when the figure is drawn, long after `style_context` ended: their look has to be set here.
    """
    axes.tick_params(
        which="both", color=look.muted, labelcolor=look.ink, labelsize=8, width=0.7, length=3 if frame else 0, pad=3.5
    )
    for side, spine in axes.spines.items():
        spine.set_visible(frame and side in ("left", "bottom"))
        spine.set_color(look.muted)
        spine.set_linewidth(0.7)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(look.ink)
    if grid:
        axes.grid(True, color=look.grid, linewidth=0.7)
        axes.set_axisbelow(True)
    else:
        axes.grid(False)


def format_number(value: float, decimals: int | None = None) -> str:
    """Write a number as a figure shows it, with a true minus sign; as short as possible if `decimals` is None."""
    text = f"{value:.4g}" if decimals is None else f"{value:.{decimals}f}"
    return text.replace("-", "−")
