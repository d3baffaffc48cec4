import importlib.util
import os
from contextlib import nullcontext

import pytest

from isthmus.errors import BackendError
from isthmus.training import backends
from isthmus.training.backends import (
    choose_backend,
    device_name,
    devices,
    import_keras,
    installed_backends,
    require_precision,
)

NOW = os.environ["KERAS_BACKEND"]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """What is chosen here changes nothing elsewhere."""
    for name in ("KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        monkeypatch.delenv(name)


@pytest.fixture
def installed(monkeypatch):
    """Pretend that only these packages are there, and that none was imported."""

    def pretend(*packages):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name in packages else None)
        for name in ("keras", *backends.BACKENDS):
            monkeypatch.delitem(backends.sys.modules, name, raising=False)

    return pretend


def test_the_first_installed_is_the_default(installed):
    installed("keras", "jax", "torch")
    assert choose_backend() == "jax"
    assert os.environ["KERAS_BACKEND"] == "jax"


def test_the_environment_comes_before_the_default_and_the_argument_before_it(installed, monkeypatch):
    installed("keras", "tensorflow", "jax", "torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert choose_backend() == "torch"
    assert choose_backend("jax") == "jax"


def test_an_unknown_one():
    with pytest.raises(BackendError, match="expected a backend of tensorflow, jax, torch; got 'theano'"):
        choose_backend("theano")


@pytest.mark.parametrize("there", [("keras", "tensorflow"), ("jax",)])
def test_one_that_is_not_installed_names_its_extra(installed, there):
    installed(*there)
    with pytest.raises(BackendError, match=r'training on jax needs an extra: pip install "isthmus\[jax\]"'):
        choose_backend("jax")


def test_none_installed(installed):
    installed()
    with pytest.raises(BackendError, match=r"isthmus\[tensorflow\]"):
        choose_backend()
    assert installed_backends() == []


def test_lists_what_is_installed(installed):
    installed("keras", "torch", "tensorflow")
    assert installed_backends() == ["tensorflow", "torch"]


@pytest.mark.parametrize("other", [name for name in backends.BACKENDS if name != NOW])
def test_keras_cannot_change(other):
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"needs {other}")
    import keras

    assert keras.config.backend() == NOW
    with pytest.raises(BackendError, match=f"Keras already runs on {NOW} in this process and cannot change to {other}"):
        choose_backend(other)
    assert choose_backend(NOW) == NOW


class TestDevices:
    @pytest.mark.parametrize("device", ["tpu", "gpu:x", "", "cpu0"])
    def test_unknown(self, installed, device):
        installed("keras", "jax")
        with pytest.raises(BackendError, match="expected a device such as cpu, gpu or gpu:1; got "):
            choose_backend("jax", device)

    def test_a_running_framework_keeps_its_own(self):
        import keras

        assert keras
        with pytest.raises(BackendError, match=f"{NOW} is already running in this process"):
            choose_backend(NOW, "cpu")

    @pytest.mark.parametrize(
        ("device", "visible", "platform"),
        [("cpu", "-1", "cpu"), ("gpu", "0", None), ("gpu:1", "1", None), ("CUDA:2", "2", None)],
    )
    def test_is_settled_in_the_environment(self, installed, device, visible, platform):
        installed("keras", "jax")
        choose_backend("jax", device)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
        assert os.environ.get("JAX_PLATFORMS") == platform

    @pytest.mark.parametrize("device", ["gpu", "cuda:1"])
    def test_a_gpu_that_is_not_there_is_an_error(self, device, monkeypatch):
        monkeypatch.setattr(backends, "devices", lambda: ["cpu:0"])
        monkeypatch.setenv("KERAS_BACKEND", NOW)
        with pytest.raises(BackendError, match=f"expected a device that {NOW} finds; got '{device}', available: cpu:0"):
            import_keras(device)

    @pytest.mark.parametrize(("device", "found"), [("gpu:1", "gpu:0"), ("cpu", "cpu:0"), (None, "gpu:0")])
    def test_one_that_is_there_is_taken(self, device, found, monkeypatch):
        monkeypatch.setattr(backends, "devices", lambda: [found])
        import_keras(device)

    def test_are_those_of_the_backend(self):
        assert {name.rpartition(":")[0] for name in devices()} in ({"cpu"}, {"gpu"})

    def test_has_a_name(self):
        assert device_name()


@pytest.mark.parametrize(
    ("backend", "device", "precision", "refused"),
    [
        ("torch", "cpu", "mixed_float16", True),
        ("torch", "cpu", "mixed_bfloat16", False),
        ("torch", "NVIDIA A100", "mixed_float16", False),
        ("tensorflow", "cpu", "mixed_float16", False),
    ],
)
def test_float16_is_refused_where_a_layer_may_have_no_gradient(monkeypatch, backend, device, precision, refused):
    monkeypatch.setattr("keras.config.backend", lambda: backend)
    monkeypatch.setattr(backends, "device_name", lambda: device)
    found = pytest.raises(BackendError, match=r"set training.precision=mixed_bfloat16") if refused else nullcontext()
    with found:
        require_precision(precision)
