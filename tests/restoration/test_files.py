from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image

from isthmus import recipes
from isthmus.data import task_of
from isthmus.restoration import Restored
from isthmus.restoration.files import alpha_of_result, as_input, palette, write_result
from isthmus.restoration.names import ResultNames

COLOURISE = task_of(recipes.Colourise())
DENOISE = task_of(recipes.Denoise())
INPAINT = task_of(recipes.Inpaint())
PAIRS = task_of(recipes.Pairs())
SEGMENT = task_of(recipes.Segment())
NAMES = ResultNames(PurePosixPath("deep/a.png"), "a")
RNG = np.random.default_rng(0)


def read(path):
    with Image.open(path) as image:
        return image.mode, np.asarray(image)


@pytest.fixture
def clear():
    """Colours under any transparency."""
    return RNG.integers(0, 256, (6, 8, 4)).astype(np.uint8)


class TestTaken:
    def test_colours_are_taken_as_they_are_under_transparency(self, clear):
        np.testing.assert_array_equal(as_input(Image.fromarray(clear), 3, DENOISE), clear[..., :3])
        np.testing.assert_array_equal(as_input(Image.fromarray(clear), 4, DENOISE), clear)

    def test_what_is_segmented_is_what_one_sees(self, clear):
        clear[..., 3] = [0, 255, 0, 255, 0, 255, 0, 255]
        expected = np.where(clear[..., 3:] > 0, clear[..., :3], 255)
        np.testing.assert_array_equal(as_input(Image.fromarray(clear), 3, SEGMENT), expected)

    @pytest.mark.parametrize(
        ("task", "channels"),
        [
            (DENOISE, 3),
            (INPAINT, 3),
            (PAIRS, 1),
            (SEGMENT, 1),
        ],
    )
    def test_colours_before_a_grey_run(self, clear, task, channels):
        image = Image.fromarray(clear[..., :3])
        taken = as_input(image, 1, task)
        assert taken.shape == (6, 8, channels)
        if channels == 1:
            np.testing.assert_array_equal(taken[..., 0], np.asarray(image.convert("L")))

    def test_grey_in_three_channels_is_grey(self, clear):
        grey = clear[..., 0]
        for image in (Image.fromarray(grey).convert("RGB"), Image.fromarray(grey), Image.fromarray(clear[..., :2])):
            np.testing.assert_array_equal(as_input(image, 1, DENOISE)[..., 0], grey)


class TestAlpha:
    def test_it_stays(self, clear):
        np.testing.assert_array_equal(alpha_of_result(Image.fromarray(clear), DENOISE, None), clear[..., 3:])
        assert alpha_of_result(Image.fromarray(clear[..., :3]), DENOISE, None) is None

    def test_it_grows_with_its_image(self, clear):
        clear[..., 3] = 90
        grown = alpha_of_result(Image.fromarray(clear), task_of(recipes.SuperResolve(factor=4)), None)
        np.testing.assert_array_equal(grown, np.full((24, 32, 1), 90))

    def test_what_was_filled_in_is_opaque(self, clear):
        missing = clear[..., 3] < 128
        alpha = alpha_of_result(Image.fromarray(clear), INPAINT, missing)
        np.testing.assert_array_equal(alpha[..., 0], np.where(missing, 255, clear[..., 3]))


@pytest.mark.parametrize("classes", [(), (0, 7, 200)])
def test_a_segmentation_is_a_mask_of_values_an_overlay_and_what_is_drawn(tmp_path, classes, clear):
    values = np.array(classes or (0, 255), np.uint8)
    numbers = RNG.integers(0, len(values), (3, 6, 8, 1)).astype(np.uint8)
    deviation = RNG.random((6, 8)).astype(np.float32)
    image = Image.fromarray(clear[..., :3])
    write_result(
        Restored(numbers[0], numbers[1:], deviation),
        image,
        None,
        tmp_path,
        NAMES,
        task_of(recipes.Segment(classes=classes)),
    )
    for name, expected in zip(("a", "a-1", "a-2"), numbers, strict=True):
        mode, written = read(tmp_path / "deep" / f"{name}.png")
        assert mode == "P"
        np.testing.assert_array_equal(written, values[expected[..., 0]])
        with Image.open(tmp_path / "deep" / f"{name}.png") as image:
            shown = np.asarray(image.convert("RGB"))
        np.testing.assert_array_equal(shown, palette(len(values))[expected[..., 0]])
    _, overlay = read(tmp_path / "deep" / "a-overlay.png")
    tint = palette(len(values))[numbers[0, ..., 0]]
    expected = np.where(numbers[0] > 0, np.rint(0.5 * clear[..., :3] + 0.5 * tint), clear[..., :3])
    np.testing.assert_array_equal(overlay, expected)
    _, uncertainty = read(tmp_path / "deep" / "a-uncertainty.png")
    np.testing.assert_array_equal(uncertainty, np.rint(deviation * 255))


def test_an_image_its_draws_and_their_deviation(tmp_path, clear):
    made = RNG.integers(0, 256, (3, 6, 8, 3)).astype(np.uint8)
    deviation = np.linspace(0, 0.5, 48, dtype=np.float32).reshape(6, 8)
    write_result(
        Restored(made[0], made[1:], deviation),
        Image.fromarray(clear),
        None,
        tmp_path,
        NAMES,
        DENOISE,
    )
    for name, expected in zip(("a", "a-1", "a-2"), made, strict=True):
        mode, written = read(tmp_path / "deep" / f"{name}.png")
        assert mode == "RGBA"
        np.testing.assert_array_equal(written, np.concatenate([expected, clear[..., 3:]], axis=-1))
    _, uncertainty = read(tmp_path / "deep" / "a-uncertainty.png")
    np.testing.assert_array_equal(uncertainty, np.rint(np.minimum(deviation * 4, 1) * 255))
    assert len(list((tmp_path / "deep").iterdir())) == 4


@pytest.mark.parametrize(
    ("task", "exact"),
    [(INPAINT, True), (COLOURISE, True), (DENOISE, False)],
)
def test_what_must_not_change_does_not(tmp_path, clear, task, exact):
    names = ResultNames(PurePosixPath("a.webp"), "a")
    made = clear[..., :3]
    write_result(Restored(made), Image.fromarray(made), None, tmp_path, names, task)
    assert (read(tmp_path / "a.webp")[1] == made).all() == exact


def test_classes_have_colours_that_differ():
    colours = palette(12).astype(int)
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=-1) + 1000 * np.eye(12, dtype=int)
    assert apart.min() > 60
    assert (colours[0] == 0).all()
