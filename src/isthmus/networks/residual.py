"""Residual networks for photographs: patches at the image's own scale, residual blocks below (He et al. 2016).

Every residual branch ends in a layer that starts at zero, so that a network starts as its linear path and needs no
normalisation (Zhang, Dauphin & Ma 2019, "Fixup initialization", section 3). So does the last layer: the first images
are grey. Pixels are centred, because a large mean makes the first steps too large.
"""

from typing import Any

import keras

from isthmus.networks.builders import build_networks
from isthmus.networks.layout import Shapes, cut, halved, stem
from isthmus.recipes import ResidualNetwork


@build_networks.register
def _(spec: ResidualNetwork, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    return residual_encoder(spec, shapes), residual_decoder(spec, shapes)


def residual_encoder(spec: ResidualNetwork, shapes: Shapes) -> keras.Model:
    """From images `(batch, *shapes.image)` to features `(batch, h, w, n)` of the smallest scale."""
    images = keras.Input(shapes.image, name="pixels")
    x = keras.layers.Rescaling(2.0, offset=-1.0, name="encoder_centre")(images)
    for scale, filters in enumerate(spec.filters):
        side = spec.patch if scale == 0 else 2
        x = keras.layers.Conv2D(filters, side, strides=side, padding="same", name=f"encoder_{scale}_down")(x)
        for number in range(spec.blocks):
            x = _block(spec, x, filters, f"encoder_{scale}_block_{number}")
    return keras.Model(images, x, name="encoder")


def residual_decoder(spec: ResidualNetwork, shapes: Shapes) -> keras.Model:
    """From codes `(batch, latent_dim)` to outputs `(batch, height, width, output_channels)`."""
    sides = [tuple(-(-side // spec.patch) for side in shapes.image[:2])]
    for scale in range(1, len(spec.filters)):
        sides.append(tuple(halved(side, scale) for side in sides[0]))
    codes, x = stem(shapes, (sides[-1][0], sides[-1][1]), spec.filters[-1], "linear")
    for scale in reversed(range(len(spec.filters))):
        if scale < len(spec.filters) - 1:
            x = keras.layers.UpSampling2D(2, interpolation="nearest", name=f"decoder_{scale}_up")(x)
            x = cut(x, sides[scale], f"decoder_{scale}_crop")
            x = keras.layers.Conv2D(spec.filters[scale], spec.kernel, padding="same", name=f"decoder_{scale}_conv")(x)
        for number in range(spec.blocks):
            x = _block(spec, x, spec.filters[scale], f"decoder_{scale}_block_{number}")
    # Patches do not overlap, so this is a convolution of 1 x 1 and depth-to-space in one, and leaves no chequerboard.
    x = keras.layers.Conv2DTranspose(
        shapes.output_channels,
        spec.patch,
        strides=spec.patch,
        padding="same",
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(shapes.initial_output),
        name="decoder_patches",
    )(x)
    return keras.Model(codes, cut(x, shapes.image[:2], "decoder_crop"), name="decoder")


def _block(spec: ResidualNetwork, x: Any, filters: int, name: str) -> Any:
    """The sum x + W₂ a(W₁ a(x)), pre-activation; W₂ starts at zero."""
    branch = keras.layers.Activation(spec.activation, name=f"{name}_activation_0")(x)
    branch = keras.layers.Conv2D(filters, spec.kernel, padding="same", name=f"{name}_conv_0")(branch)
    branch = keras.layers.Activation(spec.activation, name=f"{name}_activation_1")(branch)
    last = keras.layers.Conv2D(filters, spec.kernel, padding="same", kernel_initializer="zeros", name=f"{name}_conv_1")
    return keras.layers.Add(name=f"{name}_add")([x, last(branch)])
