"""U-Nets: an encoder whose every scale hands its features to the decoder's, around the code."""

from typing import Any

import keras

from isthmus.networks.builders import build_networks
from isthmus.networks.layout import Shapes, cut, halved, stem
from isthmus.recipes import UNetwork


@build_networks.register
def _(spec: UNetwork, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    return unet_encoder(spec, shapes), unet_decoder(spec, shapes)


def unet_encoder(spec: UNetwork, shapes: Shapes) -> keras.Model:
    """From images `(batch, *shapes.image)` to features `(batch, h, w, n)`, and to skip features.

    Each scale but the last has skip features.  Those of the image's own scale hold the pixels too, so that a decoder
    which changes little can begin with the input.

    Returns:
        A model with a list of outputs: the features for the code, then the skip features from the largest scale on.
    """
    images = keras.Input(shapes.image, name="pixels")
    x, skips = images, []
    for scale, filters in enumerate(spec.filters):
        if scale:
            x = _conv(spec, filters, f"encoder_{scale}_down", strides=2)(x)
        x = _block(spec, x, filters, f"encoder_{scale}", spec.convolutions - (scale > 0))
        if scale < len(spec.filters) - 1:
            with_pixels = keras.layers.Concatenate(name="encoder_pixels")
            skips.append(with_pixels([x, images]) if scale == 0 else x)
    return keras.Model(images, [x, *skips], name="encoder")


def unet_decoder(spec: UNetwork, shapes: Shapes) -> keras.Model:
    """From codes `(batch, latent_dim)` and skip features to outputs `(batch, height, width, output_channels)`.

    Returns:
        A model with a list of inputs: the codes, then the skip features as the encoder gives them.
    """
    height, width, channels = shapes.image
    sides = [(halved(height, scale), halved(width, scale)) for scale in range(len(spec.filters))]
    codes, x = stem(shapes, sides[-1], spec.filters[-1], spec.activation)
    skips = [
        keras.Input((*sides[scale], filters + (channels if scale == 0 else 0)), name=f"skip_{scale}")
        for scale, filters in enumerate(spec.filters[:-1])
    ]
    for scale in reversed(range(len(skips))):
        x = _doubled(x, sides[scale], f"decoder_{scale}")
        x = keras.layers.Concatenate(name=f"decoder_{scale}_skip")([x, skips[scale]])
        x = _block(spec, x, spec.filters[scale], f"decoder_{scale}", spec.convolutions)
    x = keras.layers.Concatenate(name="decoder_last_skip")([x, skips[0]])
    x = keras.layers.Conv2D(shapes.output_channels, spec.kernel, padding="same", name="decoder_out")(x)
    return keras.Model([codes, *skips], x, name="decoder")


def _doubled(x: Any, side: tuple[int, int], name: str) -> Any:
    """Repeat each pixel, and cut what an odd side leaves over."""
    return cut(keras.layers.UpSampling2D(2, name=f"{name}_up")(x), side, f"{name}_crop")


def _block(spec: UNetwork, x: Any, filters: int, name: str, count: int) -> Any:
    for i in range(count):
        x = _conv(spec, filters, f"{name}_conv_{i}")(x)
    return x


def _conv(spec: UNetwork, filters: int, name: str, strides: int = 1) -> keras.layers.Layer:
    return keras.layers.Conv2D(
        filters,
        spec.kernel,
        strides=strides,
        padding="same",
        activation=spec.activation,
        kernel_initializer="he_normal",
        name=name,
    )
