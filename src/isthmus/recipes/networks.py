"""Networks, as data: what an encoder and a decoder are made of."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from isthmus.recipes.base import Fields

Activation = Literal["linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"]


class DenseNetwork(Fields):
    """Fully connected layers; the decoder mirrors the encoder."""

    kind: Literal["dense"] = "dense"
    units: tuple[PositiveInt, ...] = (256,)
    """The widths of the encoder's hidden layers, from the image inwards."""
    activation: Activation = "relu"
    """The activation of every hidden layer."""


class ConvNetwork(Fields):
    """Convolutions of stride 2; the decoder answers with transposed convolutions."""

    kind: Literal["conv"] = "conv"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (32, 64)
    """The encoder's convolutions, each of stride 2; the decoder's transposed ones are the same in reverse."""
    kernel: PositiveInt = 3
    """The side of every kernel, in pixels."""
    padding: Literal["same", "valid"] = "same"
    """Whether the encoder pads the border; the decoder always does."""
    stem_filters: PositiveInt = 32
    """The depth of the small grid from which the decoder grows the image."""
    activation: Activation = "relu"
    """The activation of every hidden layer."""


class UpsampleNetwork(Fields):
    """Convolutions with chosen strides; the decoder repeats pixels (nearest neighbour) and convolves."""

    kind: Literal["upsample"] = "upsample"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (8, 8, 8, 8)
    """The encoder's convolutions."""
    strides: tuple[Literal[1, 2], ...] = (2, 1, 2, 1)
    """The stride of each of them; each 2 is undone by one doubling in the decoder."""
    kernel: PositiveInt = 3
    """The side of every kernel, in pixels."""
    stem_filters: PositiveInt = 64
    """The depth of the small grid from which the decoder grows the image."""
    decoder_filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (64, 32, 32)
    """The decoder's convolutions: one before each doubling, and one after the last."""
    activation: Activation = "relu"
    """The activation of every hidden layer."""

    @model_validator(mode="after")
    def _shapes_agree(self) -> "UpsampleNetwork":
        if len(self.strides) != len(self.filters):
            raise ValueError(f"strides has {len(self.strides)} entries for the {len(self.filters)} of filters")
        doublings = self.strides.count(2)
        if len(self.decoder_filters) != doublings + 1:
            raise ValueError(
                f"decoder_filters needs {doublings + 1} entries, one more than the strides of 2; "
                f"{len(self.decoder_filters)} given"
            )
        return self


class UNetwork(Fields):
    """A U-Net (Ronneberger et al. 2015): what the code is too narrow for goes around it, by skip connections."""

    kind: Literal["unet"] = "unet"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=2)] = (16, 32, 64)
    """The convolutions' filters at each scale, from the image's own inwards; each scale has half the side."""
    convolutions: PositiveInt = 2
    """Convolutions at each scale, on either side."""
    kernel: PositiveInt = 3
    """The side of every kernel, in pixels."""
    activation: Activation = "relu"
    """The activation of every hidden layer."""


class CustomNetwork(Fields):
    """A custom encoder and decoder, given to `isthmus.train` as Keras models."""

    kind: Literal["custom"] = "custom"


NetworkFields = Annotated[
    DenseNetwork | ConvNetwork | UpsampleNetwork | UNetwork | CustomNetwork, Field(discriminator="kind")
]
