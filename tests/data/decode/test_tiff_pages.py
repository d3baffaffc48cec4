import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from isthmus.data import ImageOptions, Preprocessing, open_images
from isthmus.data.decode import tiff_pages
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.decode.tiff_pages import band_pages
from isthmus.errors import DataError


def everything(images):
    return images.train.read(np.arange(len(images.train)))


def numbers(*shape, top, dtype):
    return np.random.default_rng(0).integers(0, top + 1, shape).astype(dtype)


def write(folder, images, **options):
    """Write each image `(h, w, c)` to a file, channels side by side or one after the other."""
    folder.mkdir()
    options = {"photometric": "minisblack", "planarconfig": "contig", "metadata": None} | options
    for index, image in enumerate(images):
        separate = options["planarconfig"] == "separate"
        tifffile.imwrite(folder / f"{index}.tif", np.moveaxis(image, -1, 0) if separate else image, **options)
    return folder


def one(tmp_path, image, **options):
    return (write(tmp_path / "one", [image], **options) / "0.tif").read_bytes()


def fault_of(content):
    _, pages = band_pages(content)
    (page,) = pages
    assert isinstance(page, UnreadableError)
    return str(page)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    ("channels", "top", "kind", "options"),
    [
        (5, 255, np.uint8, {}),
        (5, 4095, np.uint16, {"planarconfig": "separate"}),
        (2, 65535, np.uint16, {"compression": "zlib", "byteorder": ">"}),
        (3, 1023, np.uint16, {"photometric": "rgb"}),
        (4, 300, np.uint16, {"bigtiff": True}),
        (16, 65535, np.uint16, {"tile": (16, 16)}),
    ],
)
def test_files_give_what_the_array_gives(channels, top, kind, options, dtype, tmp_path):
    images = numbers(3, 6, 9, channels, top=top, dtype=kind)
    folder = write(tmp_path / "files", images, **options)
    given = open_images(images, dtype)
    found = open_images(folder, dtype)
    assert found.bits == given.bits
    np.testing.assert_array_equal(everything(found), everything(given))
    assert found.origin.preprocessing == Preprocessing(6, 9, channels, bits=given.bits)


def test_a_pack_gives_what_memory_gives(tmp_path, monkeypatch):
    folder = write(tmp_path / "files", numbers(4, 6, 9, 5, top=4095, dtype=np.uint16))
    held = open_images(folder, "float32")
    monkeypatch.setenv("ISTHMUS_MEMORY", "1")
    for _ in range(2):
        packed = open_images(folder, "float32")
        np.testing.assert_array_equal(everything(packed), everything(held))
        assert packed.train.fingerprint == held.train.fingerprint
    assert everything(open_images(folder)).dtype == np.uint8


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_files_of_16_bits_keep_them_as_floats(suffix, tmp_path):
    images = numbers(3, 6, 9, top=4095, dtype=np.uint16)
    for index, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{index}{suffix}")
    np.testing.assert_array_equal(
        everything(open_images(tmp_path, "float32")), everything(open_images(images, "float32"))
    )


def test_each_page_is_an_image_and_a_preview_is_none(tmp_path):
    images = numbers(3, 6, 9, 5, top=255, dtype=np.uint8)
    with tifffile.TiffWriter(tmp_path / "stack.tif") as file:
        for index, image in enumerate(images):
            subfile = 1 if index == 1 else 0
            file.write(image, photometric="minisblack", planarconfig="contig", metadata=None, subfiletype=subfile)
    found = open_images(tmp_path / "stack.tif")
    assert list(found.train.paths) == ["stack.tif[0]", "stack.tif[1]"]
    np.testing.assert_array_equal(everything(found), images[[0, 2]])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pages_stand_upright_as_in_pillow(orientation, tmp_path):
    image = numbers(4, 7, 3, top=255, dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(tmp_path / "a.tif", exif=exif)
    with Image.open(tmp_path / "a.tif") as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened))
    deep = image.astype(np.uint16) * 257
    content = one(tmp_path, deep, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    _, (page,) = band_pages(content)
    np.testing.assert_array_equal(page.pixels, expected.astype(np.uint16) * 257)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_bands_are_fitted_as_grey_images_are(fit):
    pixels = numbers(20, 31, 5, top=255, dtype=np.uint8)
    made = Preprocessing(8, 9, 5, fit, "#808080").apply_bands(pixels, 255)
    alone = Preprocessing(8, 9, 1, fit, "#808080")
    expected = np.concatenate([alone.apply(Image.fromarray(pixels[..., band])) for band in range(5)], axis=-1)
    assert np.abs(made.astype(int) - expected).max() <= 1
    deep = Preprocessing(8, 9, 5, fit, "#808080").apply_bands(pixels.astype(np.uint16) * 257, 65535)
    assert np.abs(deep / 257 - expected).max() <= 1.5


def test_transparent_colours_of_16_bits_lie_on_the_background(tmp_path):
    image = numbers(6, 9, 4, top=255, dtype=np.uint8)
    folder = write(tmp_path / "deep", [image.astype(np.uint16) * 257], photometric="rgb")
    found = open_images(folder, "float32", ImageOptions(background="#204060"))
    expected = Preprocessing(6, 9, 3, background="#204060").apply(Image.fromarray(image))
    assert np.abs(everything(found)[0] * 255 - expected).max() <= 1


def test_files_that_pillow_reads_are_left_to_it(tmp_path):
    for name, image in (("grey", np.zeros((4, 5), np.uint8)), ("rgb", np.zeros((4, 5, 3), np.uint8))):
        Image.fromarray(image).save(tmp_path / f"{name}.tif")
        assert band_pages((tmp_path / f"{name}.tif").read_bytes()) is None
    Image.new("LA", (4, 5)).save(tmp_path / "la.tif")
    assert band_pages((tmp_path / "la.tif").read_bytes()) is None
    assert band_pages(b"II*\0damaged") is None


def test_bands_are_as_many_in_each_file_and_not_asked_to_be_colours(tmp_path):
    folder = write(tmp_path / "files", numbers(2, 6, 9, 5, top=255, dtype=np.uint8))
    with pytest.raises(DataError, match="have 5 bands, which do not become 3"):
        open_images(folder, preprocessing=ImageOptions(channels=3))
    Image.new("RGB", (9, 6)).save(folder / "colour.png")
    with pytest.raises(DataError, match="have 3, 5 channels"):
        open_images(folder)


class TestUnreadable:
    def test_of_numbers_without_a_known_range(self, tmp_path):
        assert "its values are float32" in fault_of(one(tmp_path, np.zeros((4, 5, 6), np.float32)))

    def test_of_too_many_channels(self, tmp_path):
        assert "17 channels, and at most 16" in fault_of(one(tmp_path, np.zeros((4, 5, 17), np.uint8)))

    def test_cut_short(self, tmp_path):
        content = one(tmp_path, numbers(40, 50, 5, top=255, dtype=np.uint8), compression="zlib")
        with tifffile.TiffFile(tmp_path / "one" / "0.tif") as file:
            offset = file.pages[0].dataoffsets[0]
        assert "it is damaged" in fault_of(content[: offset + 8] + bytes(100) + content[offset + 108 :])

    def test_of_another_compression(self, tmp_path):
        content = one(tmp_path, np.zeros((4, 5, 6), np.uint8), compression="zstd")
        assert "(ZSTD) is not read for several bands; save it without" in fault_of(content)

    def test_of_a_compression_whose_package_is_missing(self, tmp_path, monkeypatch):
        content = one(tmp_path, np.zeros((4, 5, 6), np.uint8), compression="lzw")

        def missing(*_, **__):
            raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

        monkeypatch.setattr(tifffile.TiffPage, "asarray", missing)
        assert fault_of(content).startswith("its compression (LZW) needs: pip install imagecodecs")

    def test_of_more_pixels_than_the_limit(self, tmp_path, monkeypatch):
        content = one(tmp_path, np.zeros((40, 50, 5), np.uint8))
        monkeypatch.setattr(tiff_pages, "_LARGEST", 40 * 50 * 5 - 1)
        assert "50x40x5 values, as a decompression bomb has" in fault_of(content)

    def test_that_unpacks_to_more_than_its_pages(self, tmp_path):
        content = one(tmp_path, np.zeros((4, 5, 6), np.uint8), compression="zlib")
        with tifffile.TiffFile(tmp_path / "one" / "0.tif") as file:
            page = file.pages[0]
            counts = page.tags["StripByteCounts"]
        bomb = zlib.compress(bytes(8 << 20))
        changed = bytearray(content) + bomb
        offsets = page.tags["StripOffsets"]
        changed[offsets.valueoffset : offsets.valueoffset + 4] = len(content).to_bytes(4, "little")
        size = 2 if counts.dtype == 3 else 4
        changed[counts.valueoffset : counts.valueoffset + size] = len(bomb).to_bytes(size, "little")
        assert "unpacks to more than its size" in fault_of(bytes(changed))
