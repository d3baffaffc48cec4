import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from isthmus.plots.sheets import tile
from isthmus.plots.training_film import COLUMNS, GAP, read_frames
from isthmus.report.training_history import KEY_FRAMES, MOST_FRAMES, curves, film
from isthmus.runs.history import read_history


def _image(uri):
    content = re.search(r"data:image/\w+;base64,([^\"]+)", uri)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def test_a_curve_for_each_term_without_a_second_title(tiny_run):
    found = curves(tiny_run, read_history(tiny_run.path, tiny_run.manifest))
    assert [panel.title for panel in found] == ["Loss", "Distortion", "Rate"]
    assert ">loss<" not in found[0].html
    assert "nats per image" in found[0].html


@pytest.mark.parametrize(("penalty", "caption"), [("dissimilarity", "structural"), ("shrinkage", "A penalty")])
def test_a_penalty_has_a_curve_and_a_caption(tiny_run, penalty, caption):
    columns = read_history(tiny_run.path, tiny_run.manifest)
    found = curves(tiny_run, {**columns, penalty: columns["rate"], f"val_{penalty}": columns["val_rate"]})
    panel = {panel.title: panel for panel in found}[penalty.capitalize()]
    assert caption in panel.caption


@pytest.mark.parametrize(("height", "width", "channels"), [(12, 10, 1), (28, 28, 1), (64, 64, 3), (130, 100, 3)])
def test_frames_are_shrunk_to_the_images_own_pixels(tiny_run, monkeypatch, height, width, channels):
    images = np.random.default_rng(0).integers(0, 256, (16, height, width, channels), np.uint8)
    spec = tiny_run.manifest.images.model_copy(update={"height": height, "width": width, "channels": channels})
    monkeypatch.setattr(tiny_run, "manifest", tiny_run.manifest.model_copy(update={"images": spec}))
    frame = tile(images, columns=COLUMNS, gap=GAP)
    shown = film(tiny_run, [(0, frame), (1, frame)])
    assert [part.label for part in shown.frames] == ["before training", "epoch 1"]
    found = _image(shown.frames[0].source)
    if max(height, width) <= 96:
        assert found.shape[:2] == (4 * height + 6, 4 * width + 6)
        last = found[-height:, -width:].reshape(height, width, -1)[..., :channels]
        if len(shown.frames[0].source) < 60_000:
            np.testing.assert_array_equal(last, images[-1])
    assert shown.size[0] >= found.shape[1]
    assert shown.size[0] * found.shape[0] == shown.size[1] * found.shape[1]


def test_a_frame_of_another_make_is_shown_all_the_same(tiny_run):
    frame = np.zeros((50, 900, 3), np.uint8)
    shown = film(tiny_run, [(0, frame)])
    assert len(shown.frames) == 1
    assert _image(shown.frames[0].source).shape[1] == 440
    assert shown.size == (440, 24)


def test_a_long_film_keeps_its_ends_and_more_of_the_beginning(tiny_run):
    frame = np.zeros((20, 20, 3), np.uint8)
    shown = film(tiny_run, [(epoch, frame) for epoch in range(301)])
    assert len(shown.frames) == MOST_FRAMES
    epochs = [0, *(int(part.label.removeprefix("epoch ")) for part in shown.frames[1:])]
    assert (epochs[0], epochs[-1]) == (0, 300)
    assert np.median(epochs) < 120
    assert sum(part.key for part in shown.frames) == KEY_FRAMES
    assert film(tiny_run, []) is None


def test_the_frames_of_a_run_can_be_read_back(tiny_run):
    frames = read_frames(tiny_run.path / "pictures")
    shown = film(tiny_run, frames)
    assert [part.label for part in shown.frames] == ["before training", "epoch 1", "epoch 2"]


def test_the_film_of_a_run_that_restores_shows_predictions(tiny_run, tiny_restorer):
    frames = [(0, np.zeros((20, 20, 3), np.uint8))]
    assert film(tiny_run, frames).title.startswith("Reconstructions")
    assert film(tiny_restorer, frames).title.startswith("Predictions")
