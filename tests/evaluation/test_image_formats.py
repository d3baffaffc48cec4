import io

import numpy as np
import pytest
from PIL import Image

from isthmus.evaluation.image_formats import FORMATS, code_within, joined, parted


@pytest.fixture
def images():
    """Smooth colour images with a little noise, of a size that is not a whole number of blocks."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (7, 4, 5, 3), np.uint8)
    smooth = np.stack(
        [np.asarray(Image.fromarray(image).resize((30, 20), Image.Resampling.BICUBIC)) for image in coarse]
    )
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def test_tiles_come_back(images):
    whole = joined(images)
    assert whole.shape == (60, 90, 3)  # 3 x 3, of which two are empty
    np.testing.assert_array_equal(whole[20:40, 30:60], images[4])
    assert not whole[40:, 30:].any()
    np.testing.assert_array_equal(parted(whole, images), images)


@pytest.mark.parametrize("name", FORMATS)
def test_no_higher_quality_fits(images, name):
    found = code_within(images, name, 300.0)
    tiles = joined(np.pad(images, [(0, 0), (0, 12), (0, 2), (0, 0)], mode="edge"))

    def size(quality):
        out = io.BytesIO()
        Image.fromarray(tiles).save(out, name, quality=quality, **FORMATS[name])
        return len(out.getvalue()) / 7

    assert found.bytes_per_image == size(found.quality) <= 300.0 < size(found.quality + 1)
    assert found.images.shape == images.shape
    error = np.abs(found.images.astype(float) - images).mean()
    assert error < np.abs(code_within(images, name, 1.0).images.astype(float) - images).mean()


@pytest.mark.parametrize("name", FORMATS)
def test_where_nothing_fits_the_lowest_quality_says_what_it_takes(images, name):
    found = code_within(images, name, 1.0)
    assert found.quality == 1
    assert found.bytes_per_image > 1.0


@pytest.mark.parametrize("name", FORMATS)
def test_many_bytes_give_grey_images_back_nearly(images, name):
    grey = images[..., :1]
    found = code_within(grey, name, 1e6)
    assert (found.images.shape, found.quality) == (grey.shape, 95)
    assert np.abs(found.images.astype(float) - grey).mean() < 2.0
