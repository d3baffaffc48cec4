"""Encoders and decoders as functions of the image's shape; no probability here.

An encoder goes from pixels, float32 from 0 to 1, to features, flat or on a grid; a decoder from codes `(batch,
latent_dim)` to the raw outputs that a likelihood makes its parameters of, `(batch, height, width, output_channels)`. A
U-Net's encoder gives skip features besides, and its decoder takes them.
"""

from isthmus.networks import conv, dense, masked_conv, residual, unet, upsample
from isthmus.networks.builders import build_networks, build_prior, check_custom_networks
from isthmus.networks.layout import Shapes, require_grid, with_class
from isthmus.networks.learned import LearnedArray, learned_arrays
from isthmus.networks.precision import layer_precision
from isthmus.networks.quantiser import FiniteScalarQuantiser, code_on_grid

__all__ = [
    "FiniteScalarQuantiser",
    "LearnedArray",
    "Shapes",
    "build_networks",
    "build_prior",
    "check_custom_networks",
    "code_on_grid",
    "conv",
    "dense",
    "layer_precision",
    "learned_arrays",
    "masked_conv",
    "require_grid",
    "residual",
    "unet",
    "upsample",
    "with_class",
]
