"""Mosaics: many images in one axes, a unit of the axes to each cell; samples among them."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from isthmus.errors import UsageError
from isthmus.plots.checks import Images, as_images, as_labels, class_title
from isthmus.plots.figures import figure_for
from isthmus.plots.sheets import arrange, rgba
from isthmus.plots.style import Theme, ThemeName, style_axes, style_context

_SHARP_PIXELS = 128


def interpolation_for(images: Images) -> str:
    """Choose how Matplotlib resamples images `(n, h, w, c)`.

    "none" keeps pixels square at any size: nearest neighbour in a raster, the pixels themselves in SVG and PDF.  Large
    images are drawn smaller than they are, where nearest neighbour would drop pixels.
    """
    return "none" if max(images.shape[1:3]) <= _SHARP_PIXELS else "antialiased"


def gap_for(images: Images) -> int:
    """Return the pixels to leave between images `(n, h, w, c)`: a fourteenth of the shorter side."""
    height, width = images.shape[1:3]
    return int(max(1, -(-min(height, width) // 14)))


def draw_cells(axes: Axes, images: Images, columns: int, *, top: float = 0.0, gap: int | None = None) -> AxesImage:
    """Draw images `(n, h, w, c)` row by row, the first cell's middle at `(0, top)`, y growing downwards.

    Gaps and empty cells are transparent.  Set the frame with `frame_cells` when all is drawn.
    """
    gap = gap_for(images) if gap is None else gap
    height, width = images.shape[1:3]
    rows = math.ceil(len(images) / columns)
    across, down = width / (width + gap) / 2, height / (height + gap) / 2
    return axes.imshow(
        arrange(rgba(images), columns, gap),
        extent=(-across, columns - 1 + across, top + rows - 1 + down, top - down),
        interpolation=interpolation_for(images),
    )


def frame_cells(axes: Axes, look: Theme, images: Images, columns: int, rows: float, *, gap: int | None = None) -> None:
    """Fit the axes around `columns` times `rows` cells of images `(n, h, w, c)`, and take frame and ticks away."""
    gap = gap_for(images) if gap is None else gap
    height, width = images.shape[1:3]
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_aspect((height + gap) / (width + gap))
    axes.set_xticks([])
    axes.set_yticks([])
    style_axes(axes, look, frame=False)


def size_for(
    images: Images, columns: int, rows: float, *, margins: tuple[float, float] = (1.0, 0.4)
) -> tuple[float, float]:
    """Return a figure's width and height in inches for cells of images `(n, h, w, c)`, with room for the labels."""
    height, width = images.shape[1:3]
    cell = min(max(6.4 / columns, 0.28), 0.8)
    return columns * cell + margins[0], rows * cell * height / width + margins[1]


def samples(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    class_names: Sequence[str] | None = None,
    columns: int | None = None,
    axes: Axes | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw samples: a row for each label and its name beside it, or a nearly square sheet where there are none.

    Args:
        images: uint8 `(n, h, w, c)`.
        labels: Whole numbers `(n,)`, or None.
        class_names: The name of class k at k; numbers where there is none.
        columns: Images in a row.  With labels, further ones of a class are left out; by default there are 10.
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If images and labels are not as many.
    """
    images = as_images(images)
    classes = as_labels(labels, len(images))
    if columns is not None and columns < 1:
        raise UsageError(f"expected `columns` of 1 or more; got {columns}. Leave it out for a good width.")
    with style_context(theme) as look:
        if classes is None:
            columns = min(columns or math.ceil(math.sqrt(len(images))), len(images))
            rows = math.ceil(len(images) / columns)
            figure, axes = figure_for(axes, size_for(images, columns, rows, margins=(0.2, 0.2)))
            draw_cells(axes, images, columns)
            frame_cells(axes, look, images, columns, rows)
            return figure
        present, counts = np.unique(classes, return_counts=True)
        columns = min(columns or 10, int(counts.max()))
        # Empty cells are transparent where a class has fewer images than the row has room.
        cells = np.zeros((len(present), columns, *images.shape[1:3], 4), np.uint8)
        for row, label in enumerate(present):
            mine = rgba(images[classes == label][:columns])
            cells[row, : len(mine)] = mine
        figure, axes = figure_for(axes, size_for(images, columns, len(present), margins=(0.9, 0.2)))
        draw_cells(axes, cells.reshape(-1, *cells.shape[2:]), columns)
        frame_cells(axes, look, images, columns, len(present))
        axes.set_yticks(range(len(present)), [class_title(int(label), class_names) for label in present])
    return figure
