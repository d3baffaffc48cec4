import keras
import numpy as np
import pytest
from keras import ops

from isthmus.errors import RunError, TrustError
from isthmus.runs.folder import describe_file
from isthmus.training.custom import custom_files, load_custom


@pytest.fixture
def networks():
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(16), keras.layers.Reshape((4, 4, 1))])
    return encoder, decoder


@pytest.fixture
def kept(tmp_path, networks, tiny_run):
    """A folder with the networks, and a manifest that vouches for them."""
    contents = custom_files(networks)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = {name: describe_file(tmp_path / name) for name in contents}
    return tmp_path, tiny_run.manifest.model_copy(update={"files": files})


def test_come_back_as_they_were(kept, networks):
    for before, after in zip(networks, load_custom(*kept, trust=True), strict=True):
        values = np.random.default_rng(0).standard_normal((3, *before.input_shape[1:]), np.float32)
        np.testing.assert_array_equal(ops.convert_to_numpy(before(values)), ops.convert_to_numpy(after(values)))


def test_need_trust(kept, monkeypatch):
    monkeypatch.setattr(keras.models, "load_model", lambda *args, **kwargs: pytest.fail("it was loaded"))
    with pytest.raises(TrustError, match=r"may execute arbitrary code.*--trust"):
        load_custom(*kept, trust=False)


def test_changed_ones_are_not_even_opened(kept, monkeypatch):
    folder, manifest = kept
    path = folder / "own_decoder.keras"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(RunError, match=r"own_decoder.keras was changed"):
        load_custom(folder, manifest, trust=True)


def test_no_keras_file(kept):
    folder, manifest = kept
    (folder / "own_encoder.keras").write_bytes(b"PK no")
    files = {**manifest.files, "own_encoder.keras": describe_file(folder / "own_encoder.keras")}
    with pytest.raises(RunError, match=r"own_encoder.keras cannot be loaded"):
        load_custom(folder, manifest.model_copy(update={"files": files}), trust=True)
