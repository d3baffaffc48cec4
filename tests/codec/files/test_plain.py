import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from isthmus.codec.files.plain import plain_pixels

SIZE = (6, 5)


def saved(image, form="PNG", **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def noise(channels):
    return np.random.default_rng(0).integers(0, 256, (*SIZE, channels)).astype(np.uint8)


def as_image(pixels):
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def png(depth, kind, rows, *chunks):
    """A PNG of 5x6 pixels, put together by hand: what Pillow does not write."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE[1], SIZE[0], depth, kind, 0, 0, 0))]
    parts += [chunk(*given) for given in chunks]
    parts += [chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("form", "channels"), [*((form, c) for form in ("PNG", "BMP", "TIFF", "PPM") for c in (1, 3)), ("WEBP", 3)]
)
def test_pixels_of_plain_files(form, channels):
    pixels = noise(channels)
    content = saved(as_image(pixels), form, **({"lossless": True} if form == "WEBP" else {}))
    np.testing.assert_array_equal(plain_pixels(content, pixels.shape), pixels)
    assert plain_pixels(content, (5, 6, channels)) is None
    assert plain_pixels(content, (*SIZE, 4 - channels)) is None


def test_a_jpeg_and_one_bit_are_plain_too():
    content = saved(as_image(noise(3)), "JPEG")
    np.testing.assert_array_equal(plain_pixels(content, (*SIZE, 3)), np.asarray(Image.open(io.BytesIO(content))))
    bits = Image.fromarray(noise(1)[..., 0]).convert("1")
    np.testing.assert_array_equal(plain_pixels(saved(bits), (*SIZE, 1))[..., 0], np.asarray(bits.convert("L")))


def test_resolution_and_texts_change_no_pixel():
    told = PngImagePlugin.PngInfo()
    told.add_text("Title", "noise")
    content = saved(as_image(noise(3)), pnginfo=told, dpi=(300, 300))
    np.testing.assert_array_equal(plain_pixels(content, (*SIZE, 3)), noise(3))


@pytest.mark.parametrize("kind", [2, 6])
def test_sixteen_bits_in_colour_are_not_plain(kind):
    """Pillow opens them as if they had 8."""
    channels = {2: 3, 6: 4}[kind]
    numbers = np.random.default_rng(0).integers(0, 65536, (SIZE[0], SIZE[1] * channels)).astype(">u2")
    content = png(16, kind, [row.tobytes() for row in numbers])
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == SIZE[::-1]
    assert plain_pixels(content, (*SIZE, channels)) is None


def test_colours_of_their_own_are_not_plain():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for form in ("PNG", "JPEG", "TIFF", "WEBP"):
        assert plain_pixels(saved(as_image(noise(3)), form, icc_profile=profile), (*SIZE, 3)) is None
    rows = [row.tobytes() for row in noise(1)]
    gamma, srgb = (b"gAMA", struct.pack(">I", 100_000)), (b"sRGB", b"\0")
    assert plain_pixels(png(8, 0, rows), (*SIZE, 1)) is not None
    assert plain_pixels(png(8, 0, rows, gamma), (*SIZE, 1)) is None
    assert plain_pixels(png(8, 0, rows, (b"cHRM", struct.pack(">8I", *range(30_000, 30_008)))), (*SIZE, 1)) is None
    assert plain_pixels(png(8, 0, rows, srgb, (b"gAMA", struct.pack(">I", 45_455))), (*SIZE, 1)) is not None


def test_what_shows_more_than_its_pixels_is_not_plain():
    image = as_image(noise(3))
    turned = Image.Exif()
    turned[0x0112] = 6
    for content in (
        saved(image, exif=turned),
        saved(image, transparency=(1, 2, 3)),
        saved(image, save_all=True, append_images=[as_image(255 - noise(3))]),
        saved(image.quantize(8)),
        saved(image, "TIFF", save_all=True, append_images=[image]),
        b"P6 5 6 1023\n" + bytes(180),
        saved(as_image(noise(4)), "BMP"),  # Pillow drops the fourth channel
        saved(image)[:60],
        b"no image",
        b"",
    ):
        assert plain_pixels(content, (*SIZE, 3)) is None
