import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from isthmus.report import examples
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.diagnosis import measure


def _image(html_or_uri):
    content = re.search(r"data:image/\w+;base64,([^\"]+)", str(html_or_uri))[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


@pytest.fixture
def measured(tiny_run, bars):
    return measure(tiny_run, open_held_out(tiny_run, bars, training_too=True))


def test_the_round_trip_is_an_image_its_code_and_its_reconstruction(tiny_run, measured):
    shown = examples.round_trip(tiny_run, measured)
    codes = [[f"{value:.2f}".replace("-", "−") for value in code] for code in measured.codes.posterior["mean"]]
    index = codes.index(shown.code)
    image = measured.test.read(np.array([index]))
    np.testing.assert_array_equal(_image(shown.input), np.where(image[0, ..., 0] > 127, 255, 0))
    np.testing.assert_array_equal(_image(shown.output), tiny_run.reconstruct(image)[0, ..., 0])
    assert (shown.dims, shown.size) == (120, "2 latent dimensions")


def test_many_numbers_become_bars(tiny_run, measured, monkeypatch):
    monkeypatch.setattr(examples, "SHORT_CODE", 1)
    shown = examples.round_trip(tiny_run, measured)
    assert shown.code == []
    assert len(shown.bars) == 2
    assert max(abs(bar) for bar in shown.bars) == 1.0


def test_best_median_and_worst_are_by_distortion_with_their_metrics(tiny_run, measured):
    found = examples.reconstructions(tiny_run, measured)
    assert [group.title for group in found.groups] == ["Best", "Median", "Worst"]
    order = np.argsort(measured.scores.distortion, kind="stable")
    expected = {"Best": order[0], "Worst": order[-1]}
    for group in found.groups:
        for example in group.examples:
            assert len(example.notes) == 2
        if group.title in expected:
            index = expected[group.title]
            first = group.examples[0]
            assert first.notes[0] == f"{measured.scores.distortion[index]:.1f} nats"
            assert first.notes[1] == f"MSE {measured.scores.squared_error[index]:.4f}"
            assert first.name.startswith(measured.test.names[index])
    assert 1 <= int(re.search(r"(\d+) of 255", found.note)[1]) <= 255


def test_an_example_shows_the_image_and_its_reconstruction(tiny_run, measured):
    groups = examples.reconstructions(tiny_run, measured).groups
    worst = int(np.argsort(measured.scores.distortion, kind="stable")[-1])
    made = tiny_run.reconstruct(measured.test.read(np.array([worst])))
    np.testing.assert_array_equal(_image(groups[2].examples[0].images[1]), made[0, ..., 0])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_few_images_make_small_groups(tiny_run, bars, count):
    measured = measure(tiny_run, open_held_out(tiny_run, bars[0][:count], training_too=True))
    groups = examples.reconstructions(tiny_run, measured).groups
    assert [len(group.examples) for group in groups] == [1, 1, 1]
