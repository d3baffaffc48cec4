import numpy as np
import pytest
from keras import ops
from PIL import Image

from isthmus.data import as_source
from isthmus.errors import DataError
from isthmus.plots.training_film import frame_label, read_frames
from isthmus.training.film import Film
from isthmus.training.fit import build_model
from isthmus.training.weights import set_weights, weights_of


@pytest.fixture
def model(tiny_recipe, bars):
    return build_model(tiny_recipe, as_source(bars[0]).spec)


def darken(model):
    set_weights(model, {**weights_of(model), "decoder_out/bias": np.full(1, -20.0)}, "dark")


def test_a_frame_for_each_epoch_and_a_film_of_them(model, tiny_recipe, bars, tmp_path, files_in):
    film = Film(tmp_path, as_source(bars[0]), tiny_recipe)
    film(model, 0, {})
    before = film.frame
    darken(model)
    film(model, 1, {"loss": 3.0})
    assert files_in(tmp_path) == ["epoch-0000.png", "epoch-0001.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "epoch-0001.png")).squeeze(), film.frame.squeeze())
    assert film.frame.shape == before.shape
    assert film.frame.mean() < before.mean()
    path = film.finish()
    with Image.open(path) as gif:
        assert gif.n_frames == 2


def test_only_the_model_changes_from_frame_to_frame(model, tiny_recipe, bars, tmp_path):
    first, again = Film(tmp_path, as_source(bars[0]), tiny_recipe), Film(tmp_path, as_source(bars[0]), tiny_recipe)
    first(model, 0, {})
    model({"input": bars[0], "target": bars[0]}, training=True)  # draws noise of its own
    again(model, 0, {})
    np.testing.assert_array_equal(first.frame, again.frame)


def test_shows_what_the_decoder_gives(model, tiny_recipe, bars, tmp_path):
    set_weights(model, {**weights_of(model), "log_variance/bias": np.full(2, -60.0)}, "sure")
    film = Film(tmp_path, as_source(bars[0][:1]), tiny_recipe)
    film(model, 0, {})
    mean = model.decoder(model.encoder(bars[0][:1])["mean"])["logits"]
    expected = np.rint(255 / (1 + np.exp(-ops.convert_to_numpy(mean)[0, ..., 0])))
    frame = film.frame.reshape(*film.frame.shape[:2], -1)[..., 0]
    windows = np.lib.stride_tricks.sliding_window_view(frame.astype(float), expected.shape)
    assert np.abs(windows - expected).max(axis=(2, 3)).min() <= 1


def test_a_resumed_training_adds_to_the_frames_that_are_there(model, tiny_recipe, bars, tmp_path):
    Film(tmp_path, as_source(bars[0]), tiny_recipe)(model, 1, {})
    second = Film(tmp_path, as_source(bars[0]), tiny_recipe)
    second(model, 2, {})
    with Image.open(second.finish()) as gif:
        assert gif.n_frames in (1, 2)  # frames that are alike may be shown as one
    assert [epoch for epoch, _ in read_frames(tmp_path)] == [1, 2]


def test_no_frames_no_film(tmp_path, tiny_recipe, bars):
    assert Film(tmp_path, as_source(bars[0]), tiny_recipe).finish() is None


def test_frames_are_in_order_and_named(tmp_path):
    for epoch in (10, 2, 0):
        Image.new("L", (4, 4), epoch).save(tmp_path / f"epoch-{epoch:04d}.png")
    (tmp_path / "epoch-notes.png").write_bytes(b"")
    assert [epoch for epoch, _ in read_frames(tmp_path)] == [0, 2, 10]
    assert [frame_label(epoch) for epoch in (0, 2)] == ["before training", "epoch 2"]


def test_a_damaged_frame(tmp_path):
    (tmp_path / "epoch-0001.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"epoch-0001.png cannot be read"):
        read_frames(tmp_path)
