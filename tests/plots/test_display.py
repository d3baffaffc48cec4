import numpy as np
import pytest

from isthmus.data import spread
from isthmus.plots.display import as_displayed, displayed_channels, false_colour


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_stay_as_they_are(channels):
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, channels)).astype(np.uint8)
    np.testing.assert_array_equal(as_displayed(images), images)


@pytest.mark.parametrize("channels", [2, 5, 16])
def test_other_channels_are_shown_in_false_colour(channels):
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, channels)).astype(np.uint8)
    shown = as_displayed(images)
    assert shown.shape == (2, 3, 4, displayed_channels(channels)) == (2, 3, 4, 3)
    np.testing.assert_array_equal(shown[..., :2], images[..., :2])
    np.testing.assert_array_equal(shown[..., 2], images[..., 2] if channels > 2 else 0)


def test_false_colour_says_which_channel_is_which_colour():
    assert false_colour(5) == "channels 1, 2, 3 of 5 shown as red, green, blue"
    assert false_colour(2) == "channels 1, 2 of 2 shown as red, green"
    assert {false_colour(channels) for channels in (1, 3, 4)} == {""}


def test_floats_count_from_0_to_1():
    images = np.array([-1.0, 0.0, 0.5, 1.0, 3.0], np.float32).reshape(1, 1, 5, 1)
    assert as_displayed(images).ravel().tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize(("length", "count", "expected"), [(5, 9, [0, 1, 2, 3, 4]), (100, 3, [0, 50, 99]), (1, 1, [0])])
def test_some_of_many_evenly_spread(length, count, expected):
    assert np.abs(spread(length, count) - expected).max() <= 1
    assert len(set(spread(length, count))) == min(length, count)
