"""Fully connected encoder and decoder."""

import math

import keras

from isthmus.networks.builders import build_networks
from isthmus.networks.layout import Shapes
from isthmus.recipes import DenseNetwork


@build_networks.register
def _(spec: DenseNetwork, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    return dense_encoder(spec, shapes), dense_decoder(spec, shapes)


def dense_encoder(spec: DenseNetwork, shapes: Shapes) -> keras.Model:
    """From images `(batch, *shapes.image)` to features `(batch, spec.units[-1])`; without units, to flat pixels."""
    images = keras.Input(shapes.image, name="pixels")
    x = keras.layers.Flatten(name="encoder_flat")(images)
    for i, units in enumerate(spec.units):
        x = keras.layers.Dense(units, activation=spec.activation, name=f"encoder_dense_{i}")(x)
    return keras.Model(images, x, name="encoder")


def dense_decoder(spec: DenseNetwork, shapes: Shapes) -> keras.Model:
    """From codes `(batch, latent_dim)` to outputs `(batch, height, width, output_channels)`."""
    codes = keras.Input((shapes.latent_dim,), name="latent")
    x = codes
    for i, units in enumerate(reversed(spec.units)):
        x = keras.layers.Dense(units, activation=spec.activation, name=f"decoder_dense_{i}")(x)
    x = keras.layers.Dense(math.prod(shapes.output), name="decoder_out")(x)
    return keras.Model(codes, keras.layers.Reshape(shapes.output, name="decoder_image")(x), name="decoder")
