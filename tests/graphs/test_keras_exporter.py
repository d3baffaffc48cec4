import importlib.util

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers, ops

from isthmus.errors import ExportError
from isthmus.graphs.export import export_model
from isthmus.graphs.keras_exporter import PACKAGES


class Cumulated(layers.Layer):
    """A layer without a writer."""

    def call(self, x):
        return ops.cumsum(x, axis=1)


def model():
    x = keras.Input((4,), name="images")
    return keras.Model(x, {"mean": 2 * Cumulated(name="cumulated")(x), "more": x + 1})


def test_a_layer_without_a_writer_is_left_to_keras(tmp_path):
    pytest.importorskip(PACKAGES[keras.config.backend()])
    images = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    entry = export_model(model(), tmp_path / "g.onnx", {"images": images})
    assert [tensor.name for tensor in entry.outputs] == ["mean", "more"]
    session = onnxruntime.InferenceSession(tmp_path / "g.onnx", providers=["CPUExecutionProvider"])
    found = dict(zip(("mean", "more"), session.run(["mean", "more"], {"images": images[:2]}), strict=True))
    np.testing.assert_allclose(found["mean"], 2 * np.cumsum(images[:2], axis=1), rtol=1e-5)
    np.testing.assert_allclose(found["more"], images[:2] + 1, rtol=1e-5)


def test_without_the_exporter_the_layer_and_the_remedy_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    images = np.zeros((3, 4), np.float32)
    package = PACKAGES[keras.config.backend()]
    with pytest.raises(
        ExportError, match=rf"g.onnx: layer 'cumulated' \(Cumulated\) has the operation Cumsum, .*{package}"
    ):
        export_model(model(), tmp_path / "g.onnx", {"images": images})
    assert list(tmp_path.iterdir()) == []
