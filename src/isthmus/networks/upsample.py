"""Convolutions with chosen strides, and a decoder that repeats pixels and convolves.

Repeating pixels leaves none of the chequerboard that transposed convolutions can leave (Odena et al. 2016).
"""

from typing import Any

import keras

from isthmus.networks.builders import build_networks
from isthmus.networks.layout import Shapes, grow
from isthmus.recipes import UpsampleNetwork


@build_networks.register
def _(spec: UpsampleNetwork, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    return upsample_encoder(spec, shapes), upsample_decoder(spec, shapes)


def upsample_encoder(spec: UpsampleNetwork, shapes: Shapes) -> keras.Model:
    """From images `(batch, *shapes.image)` to features `(batch, h, w, n)`."""
    images = keras.Input(shapes.image, name="pixels")
    x = images
    for i, (filters, stride) in enumerate(zip(spec.filters, spec.strides, strict=True)):
        x = keras.layers.Conv2D(
            filters, spec.kernel, strides=stride, padding="same", activation=spec.activation, name=f"encoder_conv_{i}"
        )(x)
    return keras.Model(images, x, name="encoder")


def upsample_decoder(spec: UpsampleNetwork, shapes: Shapes) -> keras.Model:
    """From codes `(batch, latent_dim)` to outputs `(batch, height, width, output_channels)`."""
    doublings = spec.strides.count(2)

    def body(x: Any) -> Any:
        for i, filters in enumerate(spec.decoder_filters):
            x = keras.layers.Conv2D(
                filters, spec.kernel, padding="same", activation=spec.activation, name=f"decoder_conv_{i}"
            )(x)
            if i < doublings:
                x = keras.layers.UpSampling2D(2, name=f"decoder_double_{i}")(x)
        return keras.layers.Conv2D(shapes.output_channels, spec.kernel, padding="same", name="decoder_out")(x)

    return grow(shapes, doublings, spec.stem_filters, spec.activation, body)
