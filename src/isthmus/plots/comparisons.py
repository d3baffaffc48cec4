"""Comparisons: inputs, their reconstructions, and the differences."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from isthmus.errors import UsageError
from isthmus.plots.checks import Images, as_images
from isthmus.plots.figures import figure_for
from isthmus.plots.mosaics import draw_cells, frame_cells, gap_for, size_for
from isthmus.plots.style import Theme, ThemeName, style_context

_FULL_COLOUR_PERCENTILE = 99.5
_NOTE_INCHES = 4.6
_ROWS = ("input", "reconstruction", "difference")


def reconstructions(
    inputs: ArrayLike,
    outputs: ArrayLike,
    *,
    captions: Sequence[str] | None = None,
    columns: int = 10,
    axes: Axes | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw inputs above their reconstructions above the difference, in as many bands of three rows as it takes.

    A grey difference has a sign: blue where the reconstruction is darker, orange where it is brighter.  A colour
    difference has none: it is the root mean square over the channels.  The note below says what full colour stands for.

    Args:
        inputs: uint8 `(n, h, w, c)`.
        outputs: uint8 `(n, h, w, c)`, the reconstruction of each.
        captions: A few characters under each image, such as its error with its unit.
        columns: Images in a band.
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If inputs, outputs and captions do not fit each other.
    """
    inputs, outputs = as_images(inputs, "inputs"), as_images(outputs, "outputs")
    if inputs.shape != outputs.shape:
        raise UsageError(
            f"expected `outputs` of the inputs' shape {inputs.shape}; got {outputs.shape}. "
            "Give each input's reconstruction, in the same order."
        )
    if captions is not None and len(captions) != len(inputs):
        raise UsageError(
            f"expected {len(inputs)} captions, one for each image; got {len(captions)}. Caption each or none."
        )
    if columns < 1:
        raise UsageError(f"expected `columns` of 1 or more; got {columns}. Ten make a good width.")
    count = len(inputs)
    columns = min(columns, count)
    bands = math.ceil(count / columns)
    band_rows = 3 + (0.55 if captions else 0.25)  # Room below for the captions, or to separate bands.
    with style_context(theme) as look:
        differences, full = difference_images(inputs, outputs, look)
        rows = bands * band_rows - 0.25
        width, height = size_for(inputs, columns, rows)
        figure, axes = figure_for(axes, (max(width, _NOTE_INCHES), height + 0.1))
        shown = (inputs, outputs, differences)
        for band in range(bands):
            part = slice(band * columns, (band + 1) * columns)
            for row, images in enumerate(shown):
                draw_cells(axes, images[part], columns, top=band * band_rows + row, gap=gap_for(inputs))
            for column, caption in enumerate((captions or ())[part]):
                axes.annotate(
                    caption, (column, band * band_rows + 2.5), (0, -2), textcoords="offset points", ha="center",
                    va="top", fontsize=6.5, color=look.muted, annotation_clip=False,
                )  # fmt: skip
        frame_cells(axes, look, inputs, columns, rows)
        tops = [band * band_rows + row for band in range(bands) for row in range(3)]
        axes.set_yticks(tops, _ROWS * bands)
        grey = inputs.shape[3] == 1
        meaning = "blue is darker than the input, orange is brighter" if grey else "root mean square over the channels"
        separator = " " if columns >= 6 else "\n"
        axes.set_xlabel(f"difference: {meaning};{separator}full colour from {full} of 255", fontsize=7, loc="left")
        axes.xaxis.label.set_color(look.muted)
    return figure


def difference_images(inputs: Images, outputs: Images, look: Theme) -> tuple[Images, int]:
    """Colour the difference `outputs - inputs` of uint8 `(n, h, w, c)`; the alpha of images is left out.

    Returns:
        uint8 RGBA `(n, h, w, 4)`, transparent where there is no difference; and the difference, 1 to 255, from which on
        the colour is full.
    """
    colours = min(inputs.shape[3], 3)
    difference = outputs[..., :colours].astype(np.float64) - inputs[..., :colours]
    signed = difference[..., 0] if colours == 1 else np.sqrt(np.mean(difference**2, axis=3))
    # A percentile, so that one outlier does not make all other differences pale.
    full = max(1, math.ceil(np.percentile(np.abs(signed), _FULL_COLOUR_PERCENTILE)))
    darker, brighter = (np.rint(255 * np.array(to_rgb(name))).astype(np.uint8) for name in (look.darker, look.brighter))
    alpha = np.rint(255 * np.clip(np.abs(signed) / full, 0, 1)).astype(np.uint8)
    return np.concatenate([np.where(signed[..., None] < 0, darker, brighter), alpha[..., None]], axis=-1), full
