"""Convolutions of stride 2, and transposed convolutions back."""

from typing import Any

import keras

from isthmus.errors import RecipeError
from isthmus.networks.builders import build_networks
from isthmus.networks.layout import Shapes, grow
from isthmus.recipes import ConvNetwork


@build_networks.register
def _(spec: ConvNetwork, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    encoder, decoder = conv_encoder(spec, shapes), conv_decoder(spec, shapes)
    if len(shapes.latent) == 3 and encoder.output_shape[1:3] != shapes.latent[:2]:  # the decoder has refused all others
        raise RecipeError(
            f"without padding the encoder's grid is {encoder.output_shape[1]} x {encoder.output_shape[2]} and the "
            f"decoder's {shapes.latent[0]} x {shapes.latent[1]}; a code on a grid needs network.padding=same"
        )
    return encoder, decoder


def conv_encoder(spec: ConvNetwork, shapes: Shapes) -> keras.Model:
    """From images `(batch, *shapes.image)` to flat features `(batch, n)`.

    Raises:
        RecipeError: If convolutions without padding leave nothing of an image so small.
    """
    height, width, _ = shapes.image
    sides = [min(height, width)]
    for _ in spec.filters:
        sides.append((sides[-1] - spec.kernel) // 2 + 1)
    if spec.padding == "valid" and sides[-1] < 1:
        raise RecipeError(
            f"{len(spec.filters)} unpadded convolutions of stride 2 leave nothing of an image {width} wide and "
            f"{height} high; set network.padding=same, or fewer network.filters"
        )
    images = keras.Input(shapes.image, name="pixels")
    x = images
    for i, filters in enumerate(spec.filters):
        x = keras.layers.Conv2D(
            filters, spec.kernel, strides=2, padding=spec.padding, activation=spec.activation, name=f"encoder_conv_{i}"
        )(x)
    return keras.Model(images, x, name="encoder")


def conv_decoder(spec: ConvNetwork, shapes: Shapes) -> keras.Model:
    """From codes `(batch, latent_dim)` to outputs `(batch, height, width, output_channels)`."""

    def body(x: Any) -> Any:
        for i, filters in enumerate(reversed(spec.filters)):
            x = keras.layers.Conv2DTranspose(
                filters, spec.kernel, strides=2, padding="same", activation=spec.activation, name=f"decoder_conv_{i}"
            )(x)
        return keras.layers.Conv2DTranspose(shapes.output_channels, spec.kernel, padding="same", name="decoder_out")(x)

    return grow(shapes, len(spec.filters), spec.stem_filters, spec.activation, body)
