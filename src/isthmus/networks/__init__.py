"""Encoders and decoders as functions of the image's shape; no probability here.

An encoder goes from pixels, float32 from 0 to 1, to features `(batch, n)`; a decoder from codes `(batch, latent_dim)`
to the raw outputs that a likelihood makes its parameters of, `(batch, height, width, output_channels)`.  A U-Net's
encoder gives skip features besides, and its decoder takes them.
"""

import keras

from isthmus.errors import RecipeError
from isthmus.networks.conv import conv_decoder, conv_encoder
from isthmus.networks.dense import dense_decoder, dense_encoder
from isthmus.networks.layout import Shapes
from isthmus.networks.unet import unet_decoder, unet_encoder
from isthmus.networks.upsample import upsample_decoder, upsample_encoder
from isthmus.recipes import ConvNetwork, CustomNetwork, DenseNetwork, NetworkFields, UNetwork, UpsampleNetwork

__all__ = ["Shapes", "build_networks", "check_custom_networks"]


def build_networks(spec: NetworkFields, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    """Build the encoder and the decoder that a recipe describes.

    Raises:
        RecipeError: If the images are too small for the network, or the network is custom, and so cannot be built.
    """
    match spec:
        case DenseNetwork():
            return dense_encoder(spec, shapes), dense_decoder(spec, shapes)
        case ConvNetwork():
            return conv_encoder(spec, shapes), conv_decoder(spec, shapes)
        case UpsampleNetwork():
            return upsample_encoder(spec, shapes), upsample_decoder(spec, shapes)
        case UNetwork():
            return unet_encoder(spec, shapes), unet_decoder(spec, shapes)
        case CustomNetwork():
            raise RecipeError(
                "network.kind=custom stands for your own Keras models: give isthmus.train(..., encoder=, decoder=)"
            )


def check_custom_networks(encoder: keras.Model, decoder: keras.Model, shapes: Shapes) -> None:
    """Check that custom networks fit the images, the latent and the likelihood.

    Raises:
        RecipeError: With the shape that was expected and the one that came.
    """
    faults = []
    for name, model, takes, gives in (
        ("encoder", encoder, shapes.image, None),
        ("decoder", decoder, (shapes.latent_dim,), shapes.output),
    ):
        if tuple(model.input_shape[1:]) != takes:
            faults.append(f"the {name} takes {tuple(model.input_shape[1:])}; expected {takes}")
        if gives is None and len(model.output_shape) != 2:
            faults.append(f"the {name} gives {tuple(model.output_shape[1:])}; expected flat features, such as (128,)")
        if gives is not None and tuple(model.output_shape[1:]) != gives:
            faults.append(f"the {name} gives {tuple(model.output_shape[1:])}; expected {gives}")
    if faults:
        raise RecipeError("the custom networks do not fit the images and the recipe: " + "; ".join(faults))
