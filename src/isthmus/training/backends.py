"""Choosing the framework and the device before Keras is imported: afterwards it is too late."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from isthmus.errors import BackendError

BACKENDS = ("tensorflow", "jax", "torch")
"""What `--backend` takes, each the name of its module too; the first that is installed is the default."""


def choose_backend(backend: str | None = None, device: str | None = None) -> str:
    """Settle the backend and the device of this process, and say which backend it is.

    Args:
        backend: `tensorflow`, `jax` or `torch`; by default what `KERAS_BACKEND` says, or else the first installed.
        device: `cpu`, `gpu` or one of several, as `gpu:1`; by default what the backend picks.

    Raises:
        BackendError: If the backend is unknown or not installed, or Keras already runs on another, or the device cannot
            be chosen any more.
    """
    wanted = backend or os.environ.get("KERAS_BACKEND") or next(filter(importlib.util.find_spec, BACKENDS), None)
    if wanted is None:
        raise BackendError('training needs a framework: pip install "isthmus[tensorflow]" (or [jax], or [torch])')
    if wanted not in BACKENDS:
        raise BackendError(f"expected a backend of {', '.join(BACKENDS)}; got {wanted!r}")
    if importlib.util.find_spec("keras") is None or importlib.util.find_spec(wanted) is None:
        raise BackendError(f'training on {wanted} needs an extra: pip install "isthmus[{wanted}]"')
    if "keras" in sys.modules:
        import keras

        if keras.config.backend() != wanted:
            raise BackendError(
                f"Keras already runs on {keras.config.backend()} in this process and cannot change to {wanted}; "
                f"start again with KERAS_BACKEND={wanted}"
            )
    if device is not None:
        _choose_device(device, wanted)
    os.environ["KERAS_BACKEND"] = wanted
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # PyTorch's threads spin while they wait; beside any other busy process that made a step thirty times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return wanted


def import_keras(device: str | None = None) -> None:
    """Import Keras on the chosen backend, which takes seconds, without the start-up messages of those below it.

    Args:
        device: What `choose_backend` was given.

    Raises:
        BackendError: If that is a GPU and the backend finds none: it would compute on the CPU.
    """
    with _quiet_standard_error():
        importlib.import_module("keras")
        found = devices()
    if device is not None and _parse_device(device)[0] == "gpu" and not any(name.startswith("gpu") for name in found):
        raise BackendError(
            f"expected a device that {os.environ['KERAS_BACKEND']} finds; got {device!r}, available: "
            f"{', '.join(found)}. Choose one of these, or install the backend with support for GPUs"
        )


@contextmanager
def _quiet_standard_error() -> Iterator[None]:
    """Silence what C++ writes: TensorFlow greets on standard error before it can be asked not to.

    Errors are exceptions, and still come through.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _parse_device(device: str) -> tuple[str, str]:
    """The kind, cpu or gpu, and the number, if any.

    Raises:
        BackendError: If it is neither.
    """
    kind, _, number = device.lower().partition(":")
    if kind not in ("cpu", "gpu", "cuda") or (number and not number.isdigit()):
        raise BackendError(f"expected a device such as cpu, gpu or gpu:1; got {device!r}")
    return "cpu" if kind == "cpu" else "gpu", number


def _choose_device(device: str, backend: str) -> None:
    kind, number = _parse_device(device)
    if backend in sys.modules:
        raise BackendError(f"{backend} is already running in this process; choose the device before it is imported")
    if kind == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        if backend == "jax":
            os.environ["JAX_PLATFORMS"] = "cpu"
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = number or os.environ.get("CUDA_VISIBLE_DEVICES", "0")


def devices() -> list[str]:
    """The devices that the backend computes on unless told otherwise: `gpu:0` and on, or else `cpu:0`."""
    import keras

    if keras.config.backend() == "torch":
        import torch

        return [f"gpu:{number}" for number in range(torch.cuda.device_count())] or ["cpu:0"]
    return [str(name) for name in keras.distribution.list_devices()]


def device_name() -> str:
    """The device that the backend computes on, in words; Keras must be imported already."""
    import keras

    if keras.config.backend() == "torch":
        import torch

        return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_logical_devices("GPU")
        return str(gpus[0].name) if gpus else "cpu"
    return ", ".join(keras.distribution.list_devices() or ["cpu"])


def require_precision(precision: str) -> None:
    """Check that the backend trains in a precision on its device; Keras must be imported already.

    Raises:
        BackendError: If it does not.
    """
    import keras

    if precision == "mixed_float16" and keras.config.backend() == "torch" and device_name() == "cpu":
        raise BackendError(
            "PyTorch has no float16 gradients of all layers on a CPU: set training.precision=mixed_bfloat16, or float32"
        )


def require_tensorboard() -> None:
    """Check that TensorBoard's files can be written.

    Raises:
        BackendError: If its package is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise BackendError('--tensorboard needs an extra: pip install "isthmus[tensorboard]"')


def installed_backends() -> list[str]:
    """The backends that this installation can train on; nothing is imported to find out."""
    if importlib.util.find_spec("keras") is None:
        return []
    return list(filter(importlib.util.find_spec, BACKENDS))
