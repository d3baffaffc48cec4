"""Shapes of the networks: how a grid halves, and how one grows back to the image."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from isthmus.errors import RecipeError


@dataclass(frozen=True)
class Shapes:
    """What a pair of networks takes and gives.

    Attributes:
        image: Height, width and channels of the images that the encoder takes.
        latent: The shape of a code inside the networks: `(dim,)`, or rows, columns and channels of a grid.
        output_channels: The channels of what the decoder gives, of the images' height and width.
        initial_output: Outputs that mean a brightness of about one half, for networks that can start from these.
    """

    image: tuple[int, int, int]
    latent: tuple[int, ...]
    output_channels: int
    initial_output: float = 0.0

    @property
    def latent_dim(self) -> int:
        """Latent dimensions; decoders take codes flat."""
        return math.prod(self.latent)

    @property
    def output(self) -> tuple[int, int, int]:
        """Height, width and channels of what the decoder gives."""
        return (*self.image[:2], self.output_channels)


def halved(size: int, times: int) -> int:
    """The side of a grid after a number of padded convolutions of stride 2, each of which rounds up."""
    for _ in range(times):
        size = -(-size // 2)
    return size


def stem(shapes: Shapes, grid: tuple[int, int], filters: int, activation: str) -> tuple[Any, Any]:
    """The first layers of a decoder: from codes to a small grid.

    A flat code gets there by a dense layer; one with a grid of its own by a convolution of 1 x 1.

    Args:
        shapes: The networks' shapes.
        grid: Rows and columns.
        filters: The channels of the grid.
        activation: The activation of the layer.

    Returns:
        The input, codes `(batch, latent_dim)`, and the grid `(batch, *grid, filters)`.

    Raises:
        RecipeError: If the code has another grid.
    """
    codes = keras.Input((shapes.latent_dim,), name="latent")
    if len(shapes.latent) == 1:
        dense = keras.layers.Dense(math.prod(grid) * filters, activation=activation, name="decoder_stem")(codes)
        return codes, keras.layers.Reshape((*grid, filters), name="decoder_grid")(dense)
    require_grid(shapes, grid)
    own = keras.layers.Reshape(shapes.latent, name="decoder_grid")(codes)
    return codes, keras.layers.Conv2D(filters, 1, activation=activation, name="decoder_stem")(own)


def require_grid(shapes: Shapes, grid: tuple[int, ...]) -> None:
    """Check that a code on a grid has the grid of the networks' smallest features.

    Raises:
        RecipeError: If it has another.
    """
    if shapes.latent[:2] != grid[:2]:
        height, width, _ = shapes.image
        rows, columns = grid[:2]
        raise RecipeError(
            f"the code has a grid of {shapes.latent[0]} x {shapes.latent[1]}, and the network makes one of "
            f"{rows} x {columns} of images {width} wide and {height} high: set latent.grid={rows},{columns}, or other "
            "network.filters"
        )


def grow(
    shapes: Shapes,
    doublings: int,
    stem_filters: int,
    activation: str,
    body: Callable[[Any], Any],
) -> keras.Model:
    """A decoder: a layer onto a small grid, a `body` that doubles it, and a cut to the image's size.

    A grid that has been doubled may be larger than the image, at most by 2^doublings - 1 pixels; the surplus is cut
    from all sides alike, so any height and width will do.

    Args:
        shapes: The networks' shapes; the channels of the images are the body's concern.
        doublings: How often the body doubles the grid.
        stem_filters: The channels of the small grid.
        activation: The activation of the first layer.
        body: From the small grid `(batch, h, w, stem_filters)` to `(batch, h·2^doublings, w·2^doublings, outputs)`.

    Raises:
        RecipeError: If the code has a grid of its own, and another.
    """
    height, width, _ = shapes.image
    rows, columns = halved(height, doublings), halved(width, doublings)
    codes, grid = stem(shapes, (rows, columns), stem_filters, activation)
    return keras.Model(codes, cut(body(grid), (height, width), "decoder_crop"), name="decoder")


def cut(x: Any, side: tuple[int, ...], name: str) -> Any:
    """Cut what rounding up added to a grid `(batch, h, w, n)`, from the sides where padding puts it.

    Args:
        x: The grid.
        side: Rows and columns that are left.
        name: The name of the layer; there is none where nothing is cut.
    """
    surplus = (x.shape[1] - side[0], x.shape[2] - side[1])
    if not any(surplus):
        return x
    return keras.layers.Cropping2D(tuple((extra // 2, extra - extra // 2) for extra in surplus), name=name)(x)


def with_class(grid: Any, condition: Any, channels: int, name: str) -> Any:
    """A grid with further channels, which are learned for each class.

    Args:
        grid: `(batch, h, w, c)`.
        condition: The class of each example, one-hot `(batch, classes)`.
        channels: How many are added.
        name: Prefix of the layers' names.

    Returns:
        `(batch, h, w, c + channels)`.
    """
    shape = (*grid.shape[1:3], channels)
    # From 0 to 1 as pixels are: much smaller numbers would hardly count beside them at first.
    start = keras.initializers.RandomUniform(0.0, 1.0)
    flat = keras.layers.Dense(math.prod(shape), use_bias=False, kernel_initializer=start, name=f"{name}_class")
    own = keras.layers.Reshape(shape, name=f"{name}_class_grid")(flat(condition))
    return keras.layers.Concatenate(name=f"{name}_with_class")([grid, own])
