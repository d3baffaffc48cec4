"""Arrays that are learned, as networks: what they give does not depend on what they take."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray


@keras.saving.register_keras_serializable("isthmus")
class LearnedArray(keras.layers.Layer):
    """One learned array, given for each example: from `(batch, n)` to `(batch, *shape)`.

    Args:
        initial: Its initial value, of that shape.
    """

    def __init__(self, initial: ArrayLike, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial = np.asarray(initial, np.float32)

    def build(self, input_shape: Any) -> None:
        """Create the array."""
        start = keras.initializers.Constant(self.initial)
        self.array = self.add_weight(name="array", shape=self.initial.shape, initializer=start)

    def call(self, inputs: Any) -> Any:
        """Repeat the array for each of the inputs `(batch, n)`."""
        zeros = ops.reshape(ops.zeros_like(inputs[:, :1]), (-1, *(1,) * self.initial.ndim))
        return zeros + self.array

    def get_config(self) -> dict[str, Any]:
        """What it takes to build it again."""
        return {**super().get_config(), "initial": self.initial.tolist()}


def learned_arrays(initial: Mapping[str, NDArray[np.floating]], dim: int, name: str) -> keras.Model:
    """A network from codes `(batch, dim)` to learned arrays by name, each `(batch, *shape)`.

    Args:
        initial: The initial value of each array.
        dim: Latent dimensions.
        name: The name of the network, under which its weights are stored.
    """
    codes = keras.Input((dim,), name="latent")
    arrays = {key: LearnedArray(value, name=f"{name}_{key}")(codes) for key, value in initial.items()}
    return keras.Model(codes, arrays, name=name)
