"""Traversals: how an image changes with one latent dimension."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from isthmus.errors import UsageError
from isthmus.plots.checks import Codes, Decode, as_vector, decoded
from isthmus.plots.figures import figure_for
from isthmus.plots.labels import thin_ticks
from isthmus.plots.mosaics import draw_cells, frame_cells, size_for
from isthmus.plots.style import ThemeName, format_number, style_context

VALUES = tuple(np.linspace(-3, 3, 13).tolist())


def traversal_codes(base: ArrayLike, order: ArrayLike, values: ArrayLike = VALUES) -> Codes:
    """Return the codes of a traversal: `base` with one dimension at a time set to each of `values`.

    Args:
        base: `(d,)`, the code to start from.
        order: `(k,)`, the dimension of each row.
        values: `(m,)`, the values of each.

    Returns:
        float32 `(k * m, d)`, row by row.

    Raises:
        UsageError: If the base lacks a dimension, or an array is no vector.
    """
    start, values = as_vector(base, "base"), as_vector(values, "values")
    rows = np.asarray(order)
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer) or not ((rows >= 0) & (rows < len(start))).all():
        raise UsageError(
            f"expected `order` to list dimensions from 0 to {len(start) - 1}; got {rows.tolist()}. "
            "Leave out what the base does not have."
        )
    codes = np.tile(start.astype(np.float32), (len(rows), len(values), 1))
    for row, dimension in enumerate(rows):
        codes[row, :, dimension] = values
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
    """Draw a row for each latent dimension as it goes through `values`, the one with the most information first.

    Args:
        decode: Takes float32 `(n, d)`, gives uint8 `(n, h, w, c)`.
        base: `(d,)`, the code whose other dimensions stay: an image's, or zeros.
        kl: `(d,)`, the information per dimension: its KL divergence from the prior, in nats, averaged over images; or
            another measure that adds up, such as the codes' variance.
        values: `(m,)`, the values of each dimension.
        most: The number of rows, at most.
        unit: The unit of `kl`.
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
        raise UsageError(f"expected `most` of 1 or more rows; got {most}. Ten are a good choice.")
    # Stable, so that dimensions with equal information stay in their own order.
    order = np.argsort(-nats, kind="stable")[:most]
    images = decoded(decode, traversal_codes(start, order, steps))
    with style_context(theme) as look:
        figure, axes = figure_for(axes, size_for(images, len(steps), len(order), margins=(1.3, 0.5)))
        draw_cells(axes, images, len(steps))
        frame_cells(axes, look, images, len(steps), len(order))
        axes.set_xticks(range(len(steps)), [format_number(value) for value in steps])
        axes.set_yticks(range(len(order)), [f"z[{k}] · {format_number(nats[k], 2)} {unit}" for k in order])
        rest = len(start) - len(order)
        note = f" · {rest} more hold {format_number(nats.sum() - nats[order].sum(), 2)} {unit} together" if rest else ""
        axes.set_xlabel(f"value of the dimension{note}")
        thin_ticks(axes.xaxis)
    return figure
