"""Convolutions of stride 2, and transposed convolutions back."""

from typing import Any

import keras

from isthmus.errors import RecipeError
from isthmus.networks.layout import grow
from isthmus.recipes import ConvNetwork


def conv_encoder(spec: ConvNetwork, shape: tuple[int, int, int]) -> keras.Model:
    """From images `(batch, *shape)` to flat features `(batch, n)`.

    Raises:
        RecipeError: If convolutions without padding leave nothing of an image so small.
    """
    sides = [min(shape[:2])]
    for _ in spec.filters:
        sides.append((sides[-1] - spec.kernel) // 2 + 1)
    if spec.padding == "valid" and sides[-1] < 1:
        raise RecipeError(
            f"{len(spec.filters)} unpadded convolutions of stride 2 leave nothing of an image {shape[1]} wide and "
            f"{shape[0]} high; set network.padding=same, or fewer network.filters"
        )
    images = keras.Input(shape, name="pixels")
    x = images
    for i, filters in enumerate(spec.filters):
        x = keras.layers.Conv2D(
            filters, spec.kernel, strides=2, padding=spec.padding, activation=spec.activation, name=f"encoder_conv_{i}"
        )(x)
    return keras.Model(images, keras.layers.Flatten(name="encoder_flat")(x), name="encoder")


def conv_decoder(spec: ConvNetwork, shape: tuple[int, int, int], latent_dim: int, output_channels: int) -> keras.Model:
    """From codes `(batch, latent_dim)` to outputs `(batch, height, width, output_channels)`."""

    def body(x: Any) -> Any:
        for i, filters in enumerate(reversed(spec.filters)):
            x = keras.layers.Conv2DTranspose(
                filters, spec.kernel, strides=2, padding="same", activation=spec.activation, name=f"decoder_conv_{i}"
            )(x)
        return keras.layers.Conv2DTranspose(output_channels, spec.kernel, padding="same", name="decoder_out")(x)

    return grow(latent_dim, shape, len(spec.filters), spec.stem_filters, spec.activation, body)
