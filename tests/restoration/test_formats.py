import numpy as np
import pytest
from PIL import Image

from isthmus.errors import StorageError
from isthmus.restoration.formats import FORMATS, save


@pytest.fixture
def colours():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 14, 3)).astype(np.uint8))


@pytest.mark.parametrize("suffix", [suffix for suffix, kind in FORMATS.items() if kind.exact is not None])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_exact_is_exact(tmp_path, suffix, mode):
    channels = len(mode)
    pixels = np.random.default_rng(0).integers(0, 256, (9, 14, channels)).astype(np.uint8)
    if mode == "RGBA" and not FORMATS[suffix].alpha:
        pixels[..., 3] = 255
    save(Image.fromarray(pixels.squeeze(-1) if mode == "L" else pixels), tmp_path / f"a{suffix}", exact=True)
    with Image.open(tmp_path / f"a{suffix}") as read:
        np.testing.assert_array_equal(np.asarray(read.convert(mode)).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("suffix", FORMATS)
def test_each_is_what_its_name_says(tmp_path, colours, suffix):
    save(colours, tmp_path / "deep" / f"a{suffix.upper()}")
    with Image.open(tmp_path / "deep" / f"a{suffix.upper()}") as read:
        assert (read.format, read.size) == (FORMATS[suffix].name, (14, 9))


def test_what_is_transparent_lies_on_white_where_it_must(tmp_path):
    save(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as read:
        assert read.getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("suffix", ["webp", "jpg"])
def test_the_longest_sides_are_right(tmp_path, suffix):
    longest = FORMATS[f".{suffix}"].longest
    save(Image.new("L", (longest, 1)), tmp_path / f"a.{suffix}")
    with pytest.raises(StorageError, match=rf"cannot write .*b\.{suffix}"):
        save(Image.new("L", (longest + 100, 1)), tmp_path / f"b.{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{suffix}"]
