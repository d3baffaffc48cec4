import numpy as np
import pytest
from PIL import Image

from isthmus.errors import DataError, UsageError
from isthmus.restoration.missing import Masks, transparent


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    return tmp_path


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".bmp", ".gif"])
def test_white_is_missing(folder, suffix):
    holes = np.random.default_rng(0).random((5, 7)) < 0.3
    Image.fromarray(np.where(holes, np.uint8(255), np.uint8(0))).save(folder / "deep" / f"a{suffix}")
    np.testing.assert_array_equal(Masks(folder).read("deep/a.jpg", (5, 7)), holes)


def test_faults_of_masks(folder):
    Image.new("L", (7, 5)).save(folder / "a.png")
    Image.new("L", (7, 5)).save(folder / "b.png")
    Image.new("L", (7, 5)).save(folder / "b.bmp")
    (folder / "c.png").write_bytes(b"no image")
    masks = Masks(folder)
    for name, message in (
        ("a.jpg", r"a mask of 7x6 for 'a\.jpg'; a\.png is 7x5"),
        ("b.jpg", r"one mask for 'b\.jpg' .* there are 'b\.bmp' and 'b\.png'"),
        ("c.jpg", r"the mask .*c\.png cannot be read"),
        ("deep/a.jpg", r"a mask for 'deep/a\.jpg' .*, such as 'deep/a\.png'; there is none"),
    ):
        with pytest.raises(DataError, match=message):
            masks.read(name, (6, 7))
    with pytest.raises(UsageError, match="a folder of masks; there is none at"):
        Masks(folder / "nowhere")


def test_what_is_transparent_is_missing():
    alpha = np.array([[0, 127, 128, 255]], np.uint8)
    image = Image.new("RGBA", (4, 1))
    image.putalpha(Image.fromarray(alpha))
    np.testing.assert_array_equal(transparent(image, "a.png"), [[True, True, False, False]])
    with pytest.raises(DataError, match=r"expected 'a\.png' to be transparent where pixels are missing"):
        transparent(Image.new("RGB", (4, 1)), "a.png")


def test_masks_of_pages(tmp_path):
    pages = [Image.fromarray(np.full((4, 5), 255 * (number == 2), np.uint8)) for number in range(3)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    pages[2].save(tmp_path / "same-for-all.png")
    masks = Masks(tmp_path)
    assert [masks.read(f"stack.png[{number}]", (4, 5)).all() for number in range(3)] == [False, False, True]
    assert masks.read("same-for-all.tif[07]", (4, 5)).all()
    with pytest.raises(DataError, match=r"a page for 'stack.tif\[07\]'"):
        masks.read("stack.tif[07]", (4, 5))
