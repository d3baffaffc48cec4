"""A model's numbers by name, out of it and into it, whatever the backend."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.errors import RunError

Arrays = Mapping[str, NDArray[Any]]


def weights_of(model: Autoencoder) -> dict[str, NDArray[Any]]:
    """The weights of all modules, by name."""
    synchronise(model)
    return _read(_weights(model))


def set_weights(model: Autoencoder, arrays: Arrays, where: str) -> None:
    """Fill all modules.

    Args:
        model: A model of the same recipe and image shape.
        arrays: What `weights_of` gave.
        where: The origin of the arrays, for messages.

    Raises:
        RunError: If names, shapes or types differ.
    """
    _write(_weights(model), arrays, where)


def check_weights(model: Autoencoder, arrays: Arrays, where: str) -> None:
    """Check that `set_weights` takes the arrays.

    Raises:
        RunError: If names, shapes or types differ.
    """
    _check(_weights(model), arrays, where)


def state_of(model: Autoencoder) -> dict[str, NDArray[Any]]:
    """Everything that training changes: weights, optimiser, random state, step and the metrics' sums."""
    synchronise(model)
    return _read(_state(model))


def set_state(model: Autoencoder, arrays: Arrays, where: str) -> None:
    """Restore what `state_of` gave, into a compiled and built model.

    Raises:
        RunError: If names, shapes or types differ.
    """
    _write(_state(model), arrays, where)


def synchronise(model: Autoencoder) -> None:
    """Bring the variables' values home: while JAX trains, they live in its trainer."""
    if keras.config.backend() == "jax":
        model.jax_state_sync()


def _weights(model: Autoencoder) -> list[tuple[str, Any]]:
    return _named("", [weight for module in model.modules.values() for weight in module.weights])


def _state(model: Autoencoder) -> list[tuple[str, Any]]:
    return [
        *_named("model/", [*model.trainable_variables, *model.non_trainable_variables]),
        *_named("optimiser/", model.optimizer.variables),
        *_named("metrics/", model.metrics_variables),
    ]


def _named(prefix: str, variables: Iterable[Any]) -> list[tuple[str, Any]]:
    """Name variables by their path; those of one path (custom networks may have such) by their number too."""
    named: dict[str, Any] = {}
    for variable in variables:
        name = prefix + variable.path
        number = 1
        while name in named and named[name] is not variable:
            number += 1
            name = f"{prefix}{variable.path}#{number}"
        named[name] = variable
    return list(named.items())


def _read(variables: Iterable[tuple[str, Any]]) -> dict[str, NDArray[Any]]:
    # A copy: some backends hand out their own memory, which the next step changes.
    return {name: np.array(ops.convert_to_numpy(variable)) for name, variable in variables}


def _write(variables: Sequence[tuple[str, Any]], arrays: Arrays, where: str) -> None:
    _check(variables, arrays, where)
    for name, variable in variables:
        variable.assign(arrays[name].astype(str(variable.dtype)))


def _check(variables: Sequence[tuple[str, Any]], arrays: Arrays, where: str) -> None:
    faults = []
    for name, variable in variables:
        if name not in arrays:
            faults.append(f"{name} is missing")
        elif tuple(arrays[name].shape) != tuple(variable.shape):
            faults.append(f"{name} is {tuple(arrays[name].shape)}, expected {tuple(variable.shape)}")
        elif not _fits(arrays[name].dtype, np.dtype(str(variable.dtype))):
            faults.append(f"{name} is {arrays[name].dtype}, expected {variable.dtype}")
    if faults:
        shown = "; ".join(faults[:4]) + (f"; and {len(faults) - 4} more" if len(faults) > 4 else "")
        raise RunError(f"{where} does not fit this recipe and image shape: {shown}.")


def _fits(found: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    """Whether a variable takes numbers of a type; PyTorch's random states are signed integers, others' unsigned."""
    return np.can_cast(found, wanted, "same_kind") or (found.kind in "iu" and wanted.kind in "iu")
