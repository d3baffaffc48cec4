import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from isthmus.errors import UsageError
from isthmus.plots.comparisons import difference_images, reconstructions
from isthmus.plots.style import THEMES


def noise(count=7, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 5, channels), dtype=np.uint8)


def drawn(figure):
    return [np.asarray(image.get_array())[..., :3] for image in figure.axes[0].get_images()]


def test_bands_hold_input_reconstruction_and_difference():
    inputs, outputs = noise(), noise(seed=1)
    figure = reconstructions(inputs, outputs, columns=4, captions=[f"{k} nats" for k in range(7)])
    sheets = drawn(figure)
    assert len(sheets) == 6  # Two bands of three rows.
    np.testing.assert_array_equal(sheets[0][:, :5], inputs[0].repeat(3, axis=2))
    np.testing.assert_array_equal(sheets[1][:, 6:11], outputs[1].repeat(3, axis=2))
    np.testing.assert_array_equal(sheets[3][:, :5], inputs[4].repeat(3, axis=2))
    np.testing.assert_array_equal(sheets[5][:, :5], difference_images(inputs, outputs, THEMES["light"])[0][4, ..., :3])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["input", "reconstruction", "difference"] * 2
    texts = {text.get_text(): text.xy for text in figure.axes[0].texts}
    assert list(texts) == [f"{k} nats" for k in range(7)]
    assert texts["5 nats"][0] == 1
    assert texts["5 nats"][1] > texts["1 nats"][1]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_grey_difference_has_a_sign(theme):
    look = THEMES[theme]
    inputs = np.array([0, 100, 200], np.uint8).reshape(1, 1, 3, 1)
    outputs = np.array([80, 100, 120], np.uint8).reshape(1, 1, 3, 1)
    colours, full = difference_images(inputs, outputs, look)
    assert full == 80
    assert colours[0, 0, :, 3].tolist() == [255, 0, 255]
    for colour, name in zip(colours[0, 0, [0, 2], :3], (look.brighter, look.darker), strict=True):
        np.testing.assert_allclose(colour / 255, to_rgb(name), atol=0.006)


def test_colour_difference_is_the_root_mean_square_over_channels():
    inputs = np.zeros((1, 1, 2, 3), np.uint8)
    outputs = inputs.copy()
    outputs[0, 0, 1] = (30, 0, 40)  # sqrt((900 + 1600) / 3) = 28.87
    colours, full = difference_images(inputs, outputs, THEMES["light"])
    assert full == 29
    assert colours[0, 0, :, 3].tolist() == [0, round(255 * 28.87 / 29)]
    np.testing.assert_allclose(colours[0, 0, 1, :3] / 255, to_rgb(THEMES["light"].brighter), atol=0.01)


def test_equal_images_differ_nowhere():
    colours, full = difference_images(noise(), noise(), THEMES["light"])
    assert full == 1
    assert (colours[..., 3] == 0).all()


def test_note_says_what_the_colours_mean():
    grey = reconstructions(noise(), noise(seed=1)).axes[0].get_xlabel()
    full = difference_images(noise(), noise(seed=1), THEMES["light"])[1]
    assert "blue is darker" in grey
    assert f"from {full} of 255" in grey
    assert "blue" not in reconstructions(noise(channels=3), noise(channels=3)).axes[0].get_xlabel()


def test_bad_arguments_are_refused():
    with pytest.raises(UsageError, match=r"\(7, 6, 5, 1\); got \(6, 6, 5, 1\)"):
        reconstructions(noise(), noise(6))
    with pytest.raises(UsageError, match=r"7 captions.*got 1"):
        reconstructions(noise(), noise(), captions=["a"])
    with pytest.raises(UsageError, match="`columns`"):
        reconstructions(noise(), noise(), columns=0)


def test_draws_in_given_axes():
    axes = Figure().add_subplot()
    assert reconstructions(noise(), noise(), axes=axes) is axes.figure
    assert axes.get_images()


@pytest.mark.parametrize("count", [1, 2, 23])
def test_any_number_of_images_has_room(count):
    figure = reconstructions(noise(count), noise(count, seed=1), captions=["99.9 nats"] * count)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    box = figure.axes[0].get_window_extent()
    assert box.width / min(count, 10) > 40  # Pixels at 100 to an inch.
