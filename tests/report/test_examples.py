import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from isthmus.data import as_source
from isthmus.plots.sheets import tile
from isthmus.plots.training_film import COLUMNS, GAP, read_frames
from isthmus.report import examples
from isthmus.runs.history import read_history
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.seeing import look


def _image(html_or_uri):
    content = re.search(r"data:image/\w+;base64,([^\"]+)", str(html_or_uri))[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


@pytest.fixture
def seen(tiny_run, bars):
    return look(tiny_run, open_held_out(tiny_run, bars, training_too=True))


def test_the_hero_is_an_image_its_code_and_its_reconstruction(tiny_run, seen):
    hero = examples.hero(tiny_run, seen)
    codes = [[f"{value:.2f}".replace("-", "−") for value in code] for code in seen.posterior["mean"]]
    index = codes.index(hero.code)
    image = seen.source.read(np.array([index]))
    np.testing.assert_array_equal(_image(hero.given), np.where(image[0, ..., 0] > 127, 255, 0))
    np.testing.assert_array_equal(_image(hero.made), tiny_run.reconstruct(image)[0, ..., 0])
    assert (hero.dims, hero.latent_dim) == (120, 2)


def test_many_numbers_become_bars(tiny_run, seen, monkeypatch):
    monkeypatch.setattr(examples, "FEW_NUMBERS", 1)
    hero = examples.hero(tiny_run, seen)
    assert hero.code == []
    assert len(hero.bars) == 2
    assert max(abs(bar) for bar in hero.bars) == 1.0


def test_a_curve_for_each_term_without_a_second_title(tiny_run):
    found = examples.curves(tiny_run, read_history(tiny_run.path, tiny_run.manifest))
    assert [picture.title for picture in found] == ["Loss", "Distortion", "Rate"]
    assert ">loss<" not in found[0].html
    assert "nats per image" in found[0].html


@pytest.mark.parametrize(("height", "width", "channels"), [(12, 10, 1), (28, 28, 1), (64, 64, 3), (130, 100, 3)])
def test_frames_are_shrunk_to_the_images_own_pixels(tiny_run, monkeypatch, height, width, channels):
    images = np.random.default_rng(0).integers(0, 256, (16, height, width, channels), np.uint8)
    spec = tiny_run.manifest.images.model_copy(update={"height": height, "width": width, "channels": channels})
    monkeypatch.setattr(tiny_run, "manifest", tiny_run.manifest.model_copy(update={"images": spec}))
    frame = tile(images, columns=COLUMNS, gap=GAP)
    shown, size = examples.film(tiny_run, [(0, frame), (1, frame)])
    assert [part.label for part in shown] == ["before training", "epoch 1"]
    found = _image(shown[0].source)
    if max(height, width) <= 96:
        assert found.shape[:2] == (4 * height + 6, 4 * width + 6)
        last = found[-height:, -width:].reshape(height, width, -1)[..., :channels]
        if len(shown[0].source) < 60_000:
            np.testing.assert_array_equal(last, images[-1])
    assert size[0] >= found.shape[1]
    assert size[0] * found.shape[0] == size[1] * found.shape[1]


def test_a_frame_of_another_make_is_shown_all_the_same(tiny_run):
    frame = np.zeros((50, 900, 3), np.uint8)
    shown, size = examples.film(tiny_run, [(0, frame)])
    assert len(shown) == 1
    assert _image(shown[0].source).shape[1] == 440
    assert size == (440, 24)


def test_a_long_film_keeps_its_ends_and_more_of_the_beginning(tiny_run):
    frame = np.zeros((20, 20, 3), np.uint8)
    shown, _ = examples.film(tiny_run, [(epoch, frame) for epoch in range(301)])
    assert len(shown) == examples.MOST_FRAMES
    epochs = [0, *(int(part.label.removeprefix("epoch ")) for part in shown[1:])]
    assert (epochs[0], epochs[-1]) == (0, 300)
    assert np.median(epochs) < 120
    assert sum(part.key for part in shown) == examples.KEY_FRAMES
    assert examples.film(tiny_run, []) == ([], (0, 0))


def test_best_median_and_worst_are_by_distortion_with_their_figures(tiny_run, seen):
    groups, full = examples.groups(tiny_run, seen)
    assert [group.title for group in groups] == ["Best", "Median", "Worst"]
    order = np.argsort(seen.scores.distortion, kind="stable")
    expected = {"Best": order[0], "Worst": order[-1]}
    for group in groups:
        for example in group.examples:
            assert len(example.notes) == 2
        if group.title in expected:
            index = expected[group.title]
            first = group.examples[0]
            assert first.notes[0] == f"{seen.scores.distortion[index]:.1f} nats"
            assert first.notes[1] == f"MSE {seen.scores.squared_error[index]:.4f}"
            assert first.name.startswith(seen.source.names[index])
    assert 1 <= full <= 255


def test_the_pictures_of_an_example_are_the_image_and_its_reconstruction(tiny_run, seen):
    groups, _ = examples.groups(tiny_run, seen)
    worst = int(np.argsort(seen.scores.distortion, kind="stable")[-1])
    made = tiny_run.reconstruct(seen.source.read(np.array([worst])))
    np.testing.assert_array_equal(_image(groups[2].examples[0].made), made[0, ..., 0])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_few_images_make_small_groups(tiny_run, bars, count):
    seen = look(tiny_run, open_held_out(tiny_run, bars[0][:count], training_too=True))
    groups, _ = examples.groups(tiny_run, seen)
    assert [len(group.examples) for group in groups] == [1, 1, 1]


def test_samples_come_from_the_prior_and_from_each_class(tiny_run, tiny_ae_run):
    found = examples.samples(tiny_run)
    assert [picture.title for picture in found] == ["At random", "Class by class"]
    assert "prior" in found[0].caption
    for name in tiny_run.class_names:
        assert f">{name}<" in found[1].html
    assert "fitted" in examples.samples(tiny_ae_run)[0].caption


def test_the_frames_of_a_run_can_be_read_back(tiny_run):
    frames = read_frames(tiny_run.path / "pictures")
    shown, _ = examples.film(tiny_run, frames)
    assert [part.label for part in shown] == ["before training", "epoch 1", "epoch 2"]


def test_classes_are_sampled_only_where_codes_tell_them_apart(tiny_ae_run, bars):
    seen = look(tiny_ae_run, open_held_out(tiny_ae_run, bars, training_too=True))
    labels = np.arange(400) % 2
    told = np.stack([labels + np.random.default_rng(0).normal(0, 0.1, 400), np.zeros(400)], axis=1)
    source = as_source(bars[0][np.arange(400) % 120], labels)
    for codes, titles in ((told, ["At random", "Class by class"]), (told[:, 1:] * np.ones(2), ["At random"])):
        known = replace(seen, source=source, posterior={"mean": codes.astype(np.float32)})
        assert [picture.title for picture in examples.samples(tiny_ae_run, known)] == titles
