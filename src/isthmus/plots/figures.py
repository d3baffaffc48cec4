"""Figures: how they are made, shown in a notebook, and written to files."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots.checks import known_suffix
from isthmus.plots.style import style_context
from isthmus.storage import atomic_file

# No dates and no versions: the same figure gives the same file.
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "png": {"format": "png", "metadata": {"Software": None}},
    "svg": {"format": "svg", "metadata": {"Date": None, "Creator": None}},
    "pdf": {"format": "pdf", "metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
    "jpg": {"format": "jpg", "pil_kwargs": {"quality": 95, "subsampling": 0}},
    "jpeg": {"format": "jpg", "pil_kwargs": {"quality": 95, "subsampling": 0}},
    "webp": {"format": "webp", "pil_kwargs": {"lossless": True}},
}
FORMATS = tuple(_SAVE_OPTIONS)
SHOWN_DPI = 90
"""Pixels of a notebook per inch of a figure."""


class ShownFigure(Figure):
    """A figure that shows itself where it is the last line of a notebook's cell, without pyplot."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        content = io.BytesIO()
        with style_context():
            self.savefig(content, dpi=2 * SHOWN_DPI, bbox_inches="tight", pad_inches=0.12, **_SAVE_OPTIONS["png"])
        content.seek(0)
        width, height = Image.open(content).size
        # Two pixels to each of the page's, for screens that can show them.
        return content.getvalue(), {"width": width // 2, "height": height // 2}


def figure_for(axes: Axes | None, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """Return the caller's axes and its figure, or new ones of `size` inches; call within `style_context`."""
    if axes is not None:
        return owner(axes), axes
    figure = new_figure(size)
    return figure, figure.add_subplot()


def new_figure(size: tuple[float, float]) -> Figure:
    """Make a figure of `size` inches that no pyplot knows of."""
    # "compressed" closes the space that axes of a fixed aspect leave around them.
    figure = ShownFigure(figsize=size, layout="compressed")
    FigureCanvasAgg(figure)
    return figure


def owner(axes: Axes) -> Figure:
    """Return the figure that axes are in, however deep in subfigures."""
    return axes.figure.figure


def save_figure(figure: Figure, path: Path | str, *, dpi: int = 200, transparent: bool = False) -> Path:
    """Write a figure in the format of the path's suffix: png, svg, pdf, jpg, jpeg or webp (without loss).

    The same figure gives the same bytes, and the file is written whole or not at all.  Text in SVG and PDF stays text;
    images in them keep their own pixels.

    Args:
        figure: The figure, cropped to its content and a small margin.
        path: The file; missing folders are made, an existing file is replaced.
        dpi: Dots per inch where the format has dots.
        transparent: Whether to leave the background out; not for JPEG.

    Raises:
        UsageError: If the format is none of these, or cannot be transparent.
        StorageError: If the place cannot be written to.
    """
    path = Path(path)
    options = _SAVE_OPTIONS[known_suffix(path, _SAVE_OPTIONS)]
    if transparent and options["format"] == "jpg":
        raise UsageError(
            f"expected a format with transparency; got '{path.name}'. Write png, webp, svg or pdf instead."
        )
    save: Callable[..., None] = figure.savefig
    with atomic_file(path) as temporary, style_context():
        save(temporary, dpi=dpi, transparent=transparent, bbox_inches="tight", pad_inches=0.12, **options)
    return path
