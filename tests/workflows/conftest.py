"""What several workflows are tested on."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def binarised(bars):
    """Images of black and white."""
    return np.where(bars[0] > 127, 255, 0).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, binarised):
    """A few files: an image that the run codes, and a photo that it does not."""
    place = tmp_path / "photos"
    (place / "0").mkdir(parents=True)
    Image.fromarray(binarised[0][..., 0]).save(place / "0" / "000.png")
    Image.new("RGB", (30, 20), "red").save(place / "large.jpg")
    return place
