"""A network over a grid of discrete codes that sees, at each position, only the codes before it.

After the PixelCNN (van den Oord, Kalchbrenner & Kavukcuoglu 2016, sections 3.4 and 3.5): a masked convolution that does
not see its own position, then residual blocks that do. Its blind spot is known: of the rows above, codes far to the
right are out of sight (van den Oord et al. 2016b, section 2.2).
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from isthmus.networks.builders import build_prior
from isthmus.recipes import MaskedConvPrior


@keras.saving.register_keras_serializable("isthmus")
class OneHotLevels(keras.layers.Layer):
    """The level of each channel, one-hot: from codes `(batch, h, w, channels)` to `(batch, h, w, sum of levels)`.

    Args:
        levels: The number of levels of each channel, at least 2.
    """

    def __init__(self, levels: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = tuple(levels)
        halves = [count // 2 for count in self.levels]
        self._channel = np.repeat(np.arange(len(self.levels)), self.levels)
        values = [(np.arange(count) - half) / half for count, half in zip(self.levels, halves, strict=True)]
        self._value = np.concatenate(values).astype(np.float32)
        self._reach = np.repeat([0.5 / half for half in halves], self.levels).astype(np.float32)

    def call(self, inputs: Any) -> Any:
        """One where a code is nearer to a level than to the next one."""
        distance = ops.abs(ops.subtract(ops.take(inputs, self._channel, axis=-1), self._value))
        return ops.cast(ops.less(distance, self._reach), "float32")

    def get_config(self) -> dict[str, Any]:
        """What it takes to build it again."""
        return {**super().get_config(), "levels": self.levels}


@keras.saving.register_keras_serializable("isthmus")
class MaskedConv2D(keras.layers.Layer):
    """A convolution that sees the positions before its own in raster order, on the same grid.

    Only the rows of the kernel that may see something are stored and computed.

    Args:
        filters: The output's channels.
        side: The side of the whole kernel, odd.
        sees_itself: Whether it sees its own position too: mask B, else mask A of the PixelCNN.
    """

    def __init__(self, filters: int, side: int, sees_itself: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters, self.side, self.sees_itself = filters, side, sees_itself

    def build(self, input_shape: Any) -> None:
        """Create the kernel and the bias."""
        half, channels = self.side // 2, input_shape[-1]
        self.kernel = self.add_weight(name="kernel", shape=(half + 1, self.side, channels, self.filters))
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        mask = np.ones((half + 1, self.side, 1, 1), np.float32)
        mask[-1, half + self.sees_itself :] = 0.0
        self._mask = mask

    def call(self, inputs: Any) -> Any:
        """From `(batch, h, w, channels)` to `(batch, h, w, filters)`."""
        half = self.side // 2
        padded = ops.pad(inputs, ((0, 0), (half, 0), (half, half), (0, 0)))
        kernel = ops.multiply(self.kernel, self._mask)
        return ops.conv(padded, kernel, padding="valid") + self.bias

    def get_config(self) -> dict[str, Any]:
        """What it takes to build it again."""
        own = {"filters": self.filters, "side": self.side, "sees_itself": self.sees_itself}
        return {**super().get_config(), **own}


@build_prior.register
def _(fields: MaskedConvPrior, shape: tuple[int, ...], levels: tuple[int, ...]) -> keras.Model:
    codes = keras.Input((math.prod(shape),), name="latent")
    grid = keras.layers.Reshape(shape, name="prior_grid")(codes)
    x = OneHotLevels(levels, name="prior_levels")(grid)
    # A convolution of one-hot levels is a sum of embeddings, one for each place and channel.
    x = MaskedConv2D(fields.filters, fields.kernel, False, name="prior_stem")(x)
    for number in range(fields.blocks):
        x = _block(fields, x, f"prior_block_{number}")
    x = keras.layers.Activation("silu", name="prior_activation")(x)
    # Zeros: at the start all codes are equally likely.
    logits = keras.layers.Conv2D(math.prod(levels), 1, kernel_initializer="zeros", name="prior_logits")(x)
    return keras.Model(codes, {"logits": logits}, name="prior")


def _block(fields: MaskedConvPrior, x: Any, name: str) -> Any:
    """The sum x + W a(M a(x)): a masked convolution, and one of 1 x 1 that starts at zero."""
    branch = keras.layers.Activation("silu", name=f"{name}_activation_0")(x)
    branch = MaskedConv2D(fields.filters, fields.kernel, True, name=f"{name}_masked")(branch)
    branch = keras.layers.Activation("silu", name=f"{name}_activation_1")(branch)
    last = keras.layers.Conv2D(fields.filters, 1, kernel_initializer="zeros", name=f"{name}_conv")
    return keras.layers.Add(name=f"{name}_add")([x, last(branch)])
