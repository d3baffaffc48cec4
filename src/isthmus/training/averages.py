"""The moving average of a model's weights, which its optimiser keeps where the recipe asks for one."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.training.optimiser import keeps_average
from isthmus.training.weights import synchronise


@contextmanager
def averaged(model: Autoencoder) -> Iterator[None]:
    """Give a model the moving average of its weights for a while, where its optimiser keeps one."""
    if not keeps_average(model.optimizer):
        yield
        return
    own = _values(model)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    # A copy: JAX's arrays would be shared with the optimiser, and an evaluation gives away the memory of its weights.
    _assign(model, _values(model))
    try:
        yield
    finally:
        _assign(model, own)


class ValidateAverage(keras.callbacks.Callback):
    """Gives the model the moving average of its weights for each validation, where there is such an average.

    Keras leaves the average in the model at the end of `fit`. A training that goes on, in another call, goes on from
    the weights themselves, so they are given back.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._own: list[NDArray[Any]] = []

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Take the average."""
        self._stack.enter_context(averaged(self.model))

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Give the weights back."""
        synchronise(self.model)
        self._stack.close()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Remember the weights."""
        self._own = _values(self.model) if keeps_average(self.model.optimizer) else []

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Give them back."""
        if self._own:
            _assign(self.model, self._own)


def _values(model: Autoencoder) -> list[NDArray[Any]]:
    synchronise(model)
    return [np.array(ops.convert_to_numpy(variable)) for variable in model.trainable_variables]


def _assign(model: Autoencoder, values: list[NDArray[Any]]) -> None:
    for variable, value in zip(model.trainable_variables, values, strict=True):
        variable.assign(value)
