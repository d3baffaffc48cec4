"""Mosaics: many images in one axes, a unit of the axes to each cell."""

import math

from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from isthmus.plots.checks import Images
from isthmus.plots.sheets import arrange, rgba
from isthmus.plots.style import Theme, dress

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

    Gaps and cells that are left over show what lies behind.  Set the frame with `frame_cells` when all is drawn.
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
    dress(axes, look, frame=False)


def size_for(
    images: Images, columns: int, rows: float, *, margins: tuple[float, float] = (1.0, 0.4)
) -> tuple[float, float]:
    """Return a figure's width and height in inches for cells of images `(n, h, w, c)`, with room for the labels."""
    height, width = images.shape[1:3]
    cell = min(max(6.4 / columns, 0.28), 0.8)
    return columns * cell + margins[0], rows * cell * height / width + margins[1]
