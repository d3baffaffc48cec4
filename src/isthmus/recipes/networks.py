"""Networks, as data: the layers of encoder and decoder."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from isthmus.recipes.base import Part

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe

Activation = Literal["linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"]


class NetworkFields(Part):
    """The layers of encoder and decoder."""

    family: ClassVar[str] = "convolutional"
    """What a model with it is called, for readers."""
    has_grid: ClassVar[bool] = True
    """Whether its smallest features have rows and columns, so that a code can have them too."""
    widths: ClassVar[str] = ""
    """The field with the width of each layer or scale; empty where there is none."""


class DenseNetwork(NetworkFields):
    """Fully connected layers; the decoder mirrors the encoder."""

    family: ClassVar[str] = "dense"
    has_grid: ClassVar[bool] = False
    widths: ClassVar[str] = "units"
    kind: Literal["dense"] = "dense"
    units: tuple[PositiveInt, ...] = (256,)
    """Units of the encoder's hidden layers, from the image to the code."""
    activation: Activation = "relu"
    """Activation of every hidden layer."""


class ConvNetwork(NetworkFields):
    """Convolutions of stride 2; the decoder mirrors them with transposed convolutions."""

    widths: ClassVar[str] = "filters"
    kind: Literal["conv"] = "conv"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (32, 64)
    """Filters of the encoder's convolutions, each of stride 2; the decoder has the same in reverse order."""
    kernel: PositiveInt = 3
    """Side of every kernel, in pixels."""
    padding: Literal["same", "valid"] = "same"
    """Padding of the encoder's convolutions; the decoder always pads."""
    stem_filters: PositiveInt = 32
    """Channels of the small grid that the decoder starts from."""
    activation: Activation = "relu"
    """Activation of every hidden layer."""


class UpsampleNetwork(NetworkFields):
    """Convolutions with chosen strides; the decoder repeats pixels (nearest neighbour) and convolves."""

    widths: ClassVar[str] = "filters"
    kind: Literal["upsample"] = "upsample"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (8, 8, 8, 8)
    """Filters of the encoder's convolutions."""
    strides: tuple[Literal[1, 2], ...] = (2, 1, 2, 1)
    """Stride of each convolution; the decoder doubles the size once for each 2."""
    kernel: PositiveInt = 3
    """Side of every kernel, in pixels."""
    stem_filters: PositiveInt = 64
    """Channels of the small grid that the decoder starts from."""
    decoder_filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (64, 32, 32)
    """Filters of the decoder's convolutions: one before each doubling, and one after the last."""
    activation: Activation = "relu"
    """Activation of every hidden layer."""

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


class UNetwork(NetworkFields):
    """A U-Net (Ronneberger et al. 2015): skip connections carry detail around the latent code."""

    family: ClassVar[str] = "U-shaped convolutional"
    widths: ClassVar[str] = "filters"
    kind: Literal["unet"] = "unet"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=2)] = (16, 32, 64)
    """Filters of the convolutions at each scale, from the full size down; each scale has half the side."""
    convolutions: PositiveInt = 2
    """Convolutions at each scale, in encoder and decoder each."""
    kernel: PositiveInt = 3
    """Side of every kernel, in pixels."""
    activation: Activation = "relu"
    """Activation of every hidden layer."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A task that the skip connections solve without a code."""
        yield from super().faults(recipe)
        if not recipe.task.restores:
            yield (
                "network.kind='unet' passes the image around its code, so there is nothing to learn if the task "
                "is to reconstruct it: pass a --task, or another network.kind"
            )


class ResidualNetwork(NetworkFields):
    """Residual blocks on patches of pixels, for photographs; it starts as a linear network."""

    family: ClassVar[str] = "residual convolutional"
    widths: ClassVar[str] = "filters"
    kind: Literal["residual"] = "residual"
    patch: PositiveInt = 4
    """Side of the patches that the first layer of the encoder reads and the last of the decoder writes, in pixels."""
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (48, 96)
    """Filters at each scale, from the patches down; each scale has half the side."""
    blocks: PositiveInt = 1
    """Residual blocks at each scale, in encoder and decoder each."""
    kernel: PositiveInt = 3
    """Side of the kernels in the blocks, in pixels."""
    activation: Activation = "silu"
    """Activation in the blocks."""


class CustomNetwork(NetworkFields):
    """A custom encoder and decoder, given to `isthmus.train` as Keras models."""

    family: ClassVar[str] = "custom"
    kind: Literal["custom"] = "custom"

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A precision that its layers do not get."""
        yield from super().faults(recipe)
        if recipe.training.precision != "float32":
            yield (
                "training.precision applies to networks that isthmus builds: set float32, and give your own layers "
                f"a dtype, such as keras.layers.Dense(8, dtype={recipe.training.precision!r})"
            )
