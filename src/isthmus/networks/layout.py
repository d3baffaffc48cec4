"""Shapes of the networks: how a grid halves, and how one grows back to the image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Shapes:
    """What a pair of networks takes and gives.

    Attributes:
        image: Height, width and channels of the images that the encoder takes.
        latent_dim: The dimensions of a code.
        output_channels: The channels of what the decoder gives, of the images' height and width.
    """

    image: tuple[int, int, int]
    latent_dim: int
    output_channels: int

    @property
    def output(self) -> tuple[int, int, int]:
        """Height, width and channels of what the decoder gives."""
        return (*self.image[:2], self.output_channels)


def halved(size: int, times: int) -> int:
    """The side of a grid after a number of padded convolutions of stride 2, each of which rounds up."""
    for _ in range(times):
        size = -(-size // 2)
    return size


def grow(
    shapes: Shapes,
    doublings: int,
    stem_filters: int,
    activation: str,
    body: Callable[[Any], Any],
) -> keras.Model:
    """A decoder: a dense layer onto a small grid, a `body` that doubles it, and a cut to the image's size.

    A grid that has been doubled may be larger than the image, at most by 2^doublings - 1 pixels; the surplus is cut
    from all sides alike, so any height and width will do.

    Args:
        shapes: The networks' shapes; the channels of the images are the body's concern.
        doublings: How often the body doubles the grid.
        stem_filters: The channels of the small grid.
        activation: The activation of the dense layer.
        body: From the small grid `(batch, h, w, stem_filters)` to `(batch, h·2^doublings, w·2^doublings, outputs)`.
    """
    height, width, _ = shapes.image
    rows, columns = halved(height, doublings), halved(width, doublings)
    codes = keras.Input((shapes.latent_dim,), name="latent")
    grid = keras.layers.Dense(rows * columns * stem_filters, activation=activation, name="decoder_stem")(codes)
    grid = keras.layers.Reshape((rows, columns, stem_filters), name="decoder_grid")(grid)
    image = body(grid)
    surplus = (rows * 2**doublings - height, columns * 2**doublings - width)
    if any(surplus):
        margins = tuple((extra // 2, extra - extra // 2) for extra in surplus)
        image = keras.layers.Cropping2D(margins, name="decoder_crop")(image)
    return keras.Model(codes, image, name="decoder")
