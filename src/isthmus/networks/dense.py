"""Fully connected encoder and decoder."""

import math

import keras

from isthmus.recipes import DenseNetwork


def dense_encoder(spec: DenseNetwork, shape: tuple[int, int, int]) -> keras.Model:
    """From images `(batch, *shape)` to features `(batch, spec.units[-1])`, or to flat pixels if there are no units."""
    images = keras.Input(shape, name="pixels")
    x = keras.layers.Flatten(name="encoder_flat")(images)
    for i, units in enumerate(spec.units):
        x = keras.layers.Dense(units, activation=spec.activation, name=f"encoder_dense_{i}")(x)
    return keras.Model(images, x, name="encoder")


def dense_decoder(
    spec: DenseNetwork, shape: tuple[int, int, int], latent_dim: int, output_channels: int
) -> keras.Model:
    """From codes `(batch, latent_dim)` to outputs `(batch, height, width, output_channels)`."""
    codes = keras.Input((latent_dim,), name="latent")
    x = codes
    for i, units in enumerate(reversed(spec.units)):
        x = keras.layers.Dense(units, activation=spec.activation, name=f"decoder_dense_{i}")(x)
    out_shape = (*shape[:2], output_channels)
    x = keras.layers.Dense(math.prod(out_shape), name="decoder_out")(x)
    return keras.Model(codes, keras.layers.Reshape(out_shape, name="decoder_image")(x), name="decoder")
