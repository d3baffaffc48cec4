"""Traversals: what one coordinate of the code does to the image."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from isthmus.errors import UsageError
from isthmus.plots.checks import Codes, Decode, as_vector, decoded
from isthmus.plots.figures import figure_for
from isthmus.plots.labels import thin_ticks
from isthmus.plots.mosaics import draw_cells, frame_cells, size_for
from isthmus.plots.style import ThemeName, house, number

VALUES = tuple(np.linspace(-3, 3, 13).tolist())


def traversal_codes(base: ArrayLike, order: ArrayLike, values: ArrayLike = VALUES) -> Codes:
    """Return the codes of a traversal: `base` with one coordinate at a time put to each of `values`.

    Args:
        base: `(d,)`, the code to start from.
        order: `(k,)`, which coordinates, one to a row.
        values: `(m,)`, what each is put to.

    Returns:
        float32 `(k * m, d)`, row by row.

    Raises:
        UsageError: If a coordinate is none of the base's, or an array is no vector.
    """
    start, values = as_vector(base, "base"), as_vector(values, "values")
    rows = np.asarray(order)
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer) or not ((rows >= 0) & (rows < len(start))).all():
        raise UsageError(
            f"expected `order` to list coordinates from 0 to {len(start) - 1}; got {rows.tolist()}. "
            "Leave out what the base does not have."
        )
    codes = np.tile(start.astype(np.float32), (len(rows), len(values), 1))
    for row, coordinate in enumerate(rows):
        codes[row, :, coordinate] = values
    return codes.reshape(-1, len(start))


def traversal(
    decode: Decode,
    base: ArrayLike,
    kl: ArrayLike,
    *,
    values: ArrayLike = VALUES,
    most: int = 10,
    unit: str = "nats",
    axes: Axes | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw a row for each coordinate of the code, from the one that tells most, as it goes through `values`.

    Args:
        decode: Takes float32 `(n, d)`, gives uint8 `(n, h, w, c)`.
        base: `(d,)`, the code that the other coordinates keep: an image's, or zeros.
        kl: `(d,)`, each coordinate's KL divergence from the prior, in nats, averaged over images; or how much it tells
            by another measure that adds up, such as the codes' variance.
        values: `(m,)`, what each coordinate is put to.
        most: How many rows to draw at most.
        unit: What `kl` is in.
        axes: Where to draw; a new figure by default.
        theme: "light" or "dark".

    Raises:
        UsageError: If the arrays do not fit each other.
    """
    start, nats, steps = as_vector(base, "base"), as_vector(kl, "kl"), as_vector(values, "values")
    if len(nats) != len(start):
        raise UsageError(
            f"expected `kl` with a number for each of the base's {len(start)} dimensions; got {len(nats)}. "
            "Average the KL over images, not over dimensions."
        )
    if most < 1:
        raise UsageError(f"expected `most` of 1 or more rows; got {most}. Ten make a good picture.")
    # Stable, so that coordinates which tell equally little stay in their own order.
    order = np.argsort(-nats, kind="stable")[:most]
    images = decoded(decode, traversal_codes(start, order, steps))
    with house(theme) as look:
        figure, axes = figure_for(axes, size_for(images, len(steps), len(order), margins=(1.3, 0.5)))
        draw_cells(axes, images, len(steps))
        frame_cells(axes, look, images, len(steps), len(order))
        axes.set_xticks(range(len(steps)), [number(value) for value in steps])
        axes.set_yticks(range(len(order)), [f"z[{k}] · {number(nats[k], 2)} {unit}" for k in order])
        rest = len(start) - len(order)
        note = f" · {rest} more hold {number(nats.sum() - nats[order].sum(), 2)} {unit} together" if rest else ""
        axes.set_xlabel(f"value of the coordinate{note}")
        thin_ticks(axes.xaxis)
    return figure
