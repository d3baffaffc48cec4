"""Shapes that the networks share: how a grid halves, and how one grows back to the image."""

from collections.abc import Callable
from typing import Any

import keras


def halved(size: int, times: int) -> int:
    """The side of a grid after so many convolutions of stride 2 with padding: each rounds up."""
    for _ in range(times):
        size = -(-size // 2)
    return size


def grow(
    latent_dim: int,
    shape: tuple[int, int, int],
    doublings: int,
    stem_filters: int,
    activation: str,
    body: Callable[[Any], Any],
) -> keras.Model:
    """A decoder: a dense layer onto a small grid, a `body` that doubles it, and a cut to the image's size.

    A grid that has been doubled may be larger than the image, at most by 2^doublings - 1 pixels; the surplus is cut
    from all sides alike, so any height and width will do.

    Args:
        latent_dim: The numbers in one code.
        shape: The image's height and width (its channels are the body's concern).
        doublings: How often the body doubles the grid.
        stem_filters: The depth of the small grid.
        activation: Of the dense layer.
        body: From the small grid `(batch, h, w, stem_filters)` to `(batch, h·2^doublings, w·2^doublings, outputs)`.
    """
    height, width = shape[:2]
    rows, columns = halved(height, doublings), halved(width, doublings)
    codes = keras.Input((latent_dim,), name="latent")
    grid = keras.layers.Dense(rows * columns * stem_filters, activation=activation, name="decoder_stem")(codes)
    grid = keras.layers.Reshape((rows, columns, stem_filters), name="decoder_grid")(grid)
    image = body(grid)
    surplus = (rows * 2**doublings - height, columns * 2**doublings - width)
    if any(surplus):
        margins = tuple((extra // 2, extra - extra // 2) for extra in surplus)
        image = keras.layers.Cropping2D(margins, name="decoder_crop")(image)
    return keras.Model(codes, image, name="decoder")
