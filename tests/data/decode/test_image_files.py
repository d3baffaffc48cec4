import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from isthmus.data.decode.image_files import UnreadableError, decode, read_header
from isthmus.data.limits import MOST_PIXELS

# The program turns Pillow's warnings off once; pytest turns them on again for each test.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\..*")

PHOTO = np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8)


def save(image, kind, **options):
    content = BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def good_files():
    image = Image.fromarray(PHOTO)
    kinds = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "TGA", "SGI", "ICO", "PCX", "DDS", "IM", "MSP", "XBM"]
    if features.check("webp"):
        kinds.append("WEBP")
    if features.check("jpg_2000"):
        kinds.append("JPEG2000")
    files = {kind: save(image.convert("1") if kind in ("MSP", "XBM") else image, kind) for kind in kinds}
    files["TIFF, deflated"] = save(image, "TIFF", compression="tiff_adobe_deflate")
    files["PNG, palette"] = save(image.quantize(20), "PNG")
    files["JPEG, progressive"] = save(image, "JPEG", progressive=True)
    return files


FILES = good_files()


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_is_read_and_its_header_is_true(kind):
    header, image = read_header(FILES[kind]), decode(FILES[kind])
    assert (header.width, header.height) == image.size
    if kind != "ICO":  # which holds squares of its own sizes
        assert image.size == (31, 24)
    if kind in ("PNG", "BMP", "TIFF", "PPM"):
        np.testing.assert_array_equal(np.asarray(image), PHOTO)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_stand_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = save(Image.fromarray(PHOTO), "PNG", exif=exif)
    turned = {
        1: PHOTO,
        2: PHOTO[:, ::-1],
        3: PHOTO[::-1, ::-1],
        4: PHOTO[::-1],
        5: PHOTO.transpose(1, 0, 2),
        6: np.rot90(PHOTO, -1),
        7: PHOTO[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(PHOTO, 1),
    }
    np.testing.assert_array_equal(np.asarray(decode(content)), turned[orientation])
    header = read_header(content)
    assert (header.height, header.width) == turned[orientation].shape[:2]


def test_the_first_frame_of_an_animation():
    frames = [Image.new("L", (4, 4), shade) for shade in (10, 200)]
    content = save(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.unique(np.asarray(decode(content).convert("L"))).tolist() == [10]


def test_sixteen_bits_become_eight():
    content = save(Image.fromarray(np.array([[0, 257, 65535]], np.uint16)), "PNG")
    assert np.asarray(decode(content)).tolist() == [[0, 1, 255]]


def test_cmyk():
    content = save(Image.new("CMYK", (3, 2), (255, 0, 0, 0)), "TIFF")
    assert decode(content).convert("RGB").getpixel((0, 0)) == (0, 255, 255)
    assert read_header(content).colour


def test_lab():
    from PIL import ImageCms

    red = Image.new("RGB", (2, 2), (200, 30, 30))
    lab = ImageCms.profileToProfile(
        red, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    given = np.asarray(decode(save(lab, "TIFF"))).astype(int)
    assert np.abs(given - [200, 30, 30]).max() <= 4


def test_colour_and_alpha_are_seen():
    for mode, colour, alpha in (("L", False, False), ("LA", False, True), ("RGB", True, False), ("RGBA", True, True)):
        header = read_header(save(Image.new(mode, (3, 3)), "PNG"))
        assert (header.colour, header.alpha) == (colour, alpha)


def test_a_large_jpeg_is_decoded_at_a_fraction():
    content = save(Image.fromarray(np.tile(PHOTO, (40, 40, 1))), "JPEG")
    width, height = decode(content, at_least=100).size
    assert 100 <= height < 960
    assert abs(width / height - 1240 / 960) < 0.02


def png(width, height):
    """A PNG file that claims a size, and holds next to nothing."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


BAD = {
    "empty": (b"", "0 bytes"),
    "text": (b"I am a text", "no image"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "no image"),
    "a bomb": (png(30_000, 30_000), "decompression bomb"),
    "a large bomb": (png(2_000_000, 2_000_000), "bomb"),
    "just too large": (png(MOST_PIXELS // 1000 + 1, 1000), "bomb"),
    "less than it claims": (png(100, 100), "damaged"),
    "floats": (save(Image.fromarray(np.zeros((2, 2), np.float32)), "TIFF"), "floats"),
    "32 bits": (save(Image.fromarray(np.array([[0, 70_000]], np.int32)), "TIFF"), "from 0 to 70,000"),
    "signed": (
        b"II*\0\x08\0\0\0\x09\0"
        + b"".join(
            struct.pack("<HHII", tag, kind, 1, value)
            for tag, kind, value in (
                *((256, 4, 2), (257, 4, 1), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 122), (277, 3, 1)),
                *((279, 4, 4), (339, 3, 2)),
            )
        )
        + struct.pack("<Ihh", 0, -1000, 3000),
        "from -1,000 to 3,000",
    ),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
def test_what_is_no_image_has_a_reason(content, reason):
    with pytest.raises(UnreadableError, match=reason):
        decode(content)


def outcome(content):
    """What comes of a file: an image, or a reason; anything else escapes."""
    for look in (read_header, decode, lambda content: decode(content, 16)):
        try:
            look(content)
        except UnreadableError as fault:
            reason = str(fault)
            assert reason


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_cut_anywhere_is_read_or_refused(kind):
    content = FILES[kind]
    for length in range(0, len(content), max(1, len(content) // 60)):
        outcome(content[:length])


@pytest.mark.parametrize("kind", FILES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(kind, data):
    content = bytearray(FILES[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        # Most of what can go wrong stands at the start.
        end = data.draw(st.sampled_from([min(64, len(content)), len(content)]))
        place = data.draw(st.integers(0, end - 1))
        what = data.draw(st.sampled_from(["flip", "set", "swap", "insert", "remove"]))
        if what == "flip":
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        elif what == "set":
            content[place] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
        elif what == "swap":
            other = data.draw(st.integers(0, len(content) - 1))
            content[place], content[other] = content[other], content[place]
        elif what == "insert":
            content[place:place] = data.draw(st.binary(min_size=1, max_size=9))
        else:
            del content[place : place + data.draw(st.integers(1, 9))]
        if not content:
            break
    outcome(bytes(content))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    outcome(content)
