"""The quantiser of an encoder's features: from real numbers to levels."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

MARGIN = 1e-3
"""How far inside the outermost rounding limits features are bounded, as a share: no rounding leaves the levels."""

START = 0.6
"""How far below the middle the first codes are, of the way to the lowest level."""


@keras.saving.register_keras_serializable("isthmus")
class FiniteScalarQuantiser(keras.layers.Layer):
    """Bound each channel, round it, and scale it to [-1, 1] (Mentzer et al. 2023, section 3.1 and appendix A.1).

    A channel of L levels is bounded to ½ (L - 1) tanh(h), for an even L moved by half a level so that rounding has L
    results. The gradient passes the rounding as if it were not there (straight-through, ibid.).

    Args:
        levels: The number of levels of each channel, at least 2.
    """

    def __init__(self, levels: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = tuple(levels)
        counts = np.array(self.levels)
        half, offset = 0.5 * (counts - 1) * (1.0 - MARGIN), np.where(counts % 2 == 0, 0.5, 0.0)
        self._half, self._offset = half.astype(np.float32), offset.astype(np.float32)
        # The paper's own: it moves h = 0 to about the middle level, and is finite for two levels.
        self._shift = np.tan(offset / half).astype(np.float32)
        self._width = (counts // 2).astype(np.float32)

    @property
    def start(self) -> NDArray[np.float32]:
        """Features `(channels,)` to start from, whose level is not the middle one.

        The value of that is zero, and a decoder of rectifiers has no gradient where all its codes are zero.
        """
        off_centre = (self._offset - START * self._width) / self._half
        return np.asarray(np.arctanh(off_centre) - self._shift, np.float32)

    def call(self, inputs: Any) -> Any:
        """From features `(batch, ..., channels)` to codes on the levels, of the same shape."""
        shift, half, offset, width = map(ops.convert_to_tensor, (self._shift, self._half, self._offset, self._width))
        bounded = ops.tanh(inputs + shift) * half - offset
        # Exact: the difference from the nearest whole number is a float, and so is the sum.
        return (bounded + ops.stop_gradient(ops.round(bounded) - bounded)) / width

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What it takes to build it again."""
        return {**super().get_config(), "levels": self.levels}


def code_on_grid(features: Any, channels: int, activation: str, levels: tuple[int, ...] | None, name: str) -> Any:
    """The last layers of an encoder whose code has a grid: its channels, rounded to levels if they have any.

    Args:
        features: `(batch, h, w, n)`.
        channels: The channels of a code.
        activation: The activation of the layer.
        levels: The number of levels of each channel; None for continuous codes.
        name: The name of the layer that gives the channels.

    Returns:
        `(batch, h, w, channels)`.
    """
    quantise = None if levels is None else FiniteScalarQuantiser(levels, name=f"{name}_quantised")
    bias = "zeros" if quantise is None else keras.initializers.Constant(quantise.start)
    head = keras.layers.Conv2D(channels, 1, activation=activation, bias_initializer=bias, name=name)(features)
    return head if quantise is None else quantise(head)
