import bz2

import numpy as np
import pytest

from isthmus.codec import model_of
from isthmus.errors import UsageError
from isthmus.workflows.rivals import compare_with, figures


def test_two_levels_are_handed_over_as_bits():
    images = np.where(np.random.default_rng(0).random((50, 16, 16, 1)) < 0.5, 255, 0).astype(np.uint8)
    found = figures(images)
    assert {"gzip", "bzip2", "xz", "PNG", "WebP lossless"} <= set(found)
    assert found["bzip2"][0] == 8 * len(bz2.compress(np.packbits(images > 0).tobytes(), 9)) / images.size
    assert found["bzip2"][0] > 1.0
    for name in ("gzip", "xz"):  # noise of one bit a pixel takes a bit, and no image by itself takes less
        joined, alone = found[name]
        assert 1.0 <= joined < 1.1
        assert alone > joined
    assert found["PNG"][0] is None
    assert 1.0 < found["PNG"][1] < 4


def test_colour_is_taken_as_it_is():
    images = np.full((5, 8, 8, 3), 77, np.uint8)
    for joined, alone in figures(images).values():
        assert joined is None or joined < 2
        assert alone > 0


def test_images_of_another_shape(tiny_run, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 5, 5, 1), np.uint8))
    with pytest.raises(UsageError, match="--compare"):
        compare_with(model_of(tiny_run), str(tmp_path / "x.npy"), threshold=False)
