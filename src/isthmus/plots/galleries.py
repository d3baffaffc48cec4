"""Galleries: samples, by themselves or a row for each class."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from isthmus.errors import UsageError
from isthmus.plots.checks import as_images, as_labels, class_title
from isthmus.plots.figures import figure_for
from isthmus.plots.mosaics import draw_cells, frame_cells, size_for
from isthmus.plots.sheets import rgba
from isthmus.plots.style import ThemeName, house


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
    with house(theme) as look:
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
