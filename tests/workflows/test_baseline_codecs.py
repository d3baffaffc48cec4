import bz2

import numpy as np
import pytest
from PIL import Image

from isthmus.codec import model_of
from isthmus.workflows.baseline_codecs import FILES, bits_by_codec, compare_with


def test_two_levels_are_handed_over_as_bits():
    images = np.where(np.random.default_rng(0).random((50, 16, 16, 1)) < 0.5, 255, 0).astype(np.uint8)
    found = bits_by_codec(images)
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
    for joined, alone in bits_by_codec(images).values():
        assert joined is None or joined < 2
        assert alone > 0


@pytest.fixture
def folder(tmp_path, bars):
    """Files in two splits, one of another shape among them."""
    for n, image in enumerate(bars[0][:6]):
        path = tmp_path / "in" / ("train", "test")[n % 2] / f"{n}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    Image.new("L", (5, 5)).save(tmp_path / "in" / "train" / "small.png")
    return tmp_path / "in"


def test_what_is_packed_is_compared(tiny_run, folder):
    found = compare_with(model_of(tiny_run), str(folder), threshold=False)
    sizes = [path.stat().st_size for path in folder.rglob("*.bmp")]
    assert found.images == len(sizes) == 6
    assert found.bits[FILES] == (None, pytest.approx(8 * sum(sizes) / (6 * 120)))
    assert "PNG" in found.bits
    assert FILES not in compare_with(model_of(tiny_run), str(folder), threshold=True).bits


def test_images_of_another_shape_are_not_compared(tiny_run, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 5, 5, 1), np.uint8))
    found = compare_with(model_of(tiny_run), str(tmp_path / "x.npy"), threshold=False)
    assert (found.images, found.bits) == (0, {})
