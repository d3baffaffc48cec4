import numpy as np
import pytest

from isthmus.data import spread
from isthmus.plots.display import as_displayed


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_stay_as_they_are(channels):
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, channels)).astype(np.uint8)
    np.testing.assert_array_equal(as_displayed(images), images)


@pytest.mark.parametrize("channels", [2, 5])
def test_other_channels_are_shown_by_their_mean(channels):
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, channels)).astype(np.uint8)
    shown = as_displayed(images)
    assert shown.shape == (2, 3, 4, 1)
    assert np.abs(shown[..., 0] - images.mean(axis=-1)).max() <= 0.5


def test_floats_count_from_0_to_1():
    images = np.array([-1.0, 0.0, 0.5, 1.0, 3.0], np.float32).reshape(1, 1, 5, 1)
    assert as_displayed(images).ravel().tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize(("length", "count", "expected"), [(5, 9, [0, 1, 2, 3, 4]), (100, 3, [0, 50, 99]), (1, 1, [0])])
def test_some_of_many_evenly_spread(length, count, expected):
    assert np.abs(spread(length, count) - expected).max() <= 1
    assert len(set(spread(length, count))) == min(length, count)
