"""Image files by Pillow: whatever lies in one, the outcome is an image or a reason why not.

An image file is the work of a stranger.  It is opened by its content, whatever its name says; no format that runs
another program (PostScript) is opened; and its size is looked at before its pixels are.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

# fmt: off
SUFFIXES = frozenset({
    ".apng", ".avif", ".avifs", ".blp", ".bmp", ".bw", ".cur", ".dcx", ".dds", ".dib", ".fit", ".fits", ".flc",
    ".fli", ".ftc", ".ftu", ".gbr", ".gif", ".icb", ".icns", ".ico", ".im", ".j2c", ".j2k", ".jfif", ".jp2",
    ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".msp", ".pbm", ".pcd", ".pcx", ".pfm", ".pgm",
    ".png", ".pnm", ".ppm", ".psd", ".pxr", ".qoi", ".ras", ".rgb", ".rgba", ".sgi", ".tga", ".tif", ".tiff",
    ".vda", ".vst", ".webp", ".xbm", ".xpm",
})
# fmt: on
"""The endings of image files; a folder's other files are left alone."""
START_BYTES = 32
"""The bytes at a file's start that tell an image where it has no ending."""
_STARTS = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]|.{4}ftypavi[fs]|qoif|DDS |8BPS\0\x01"
    rb"|BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}|\0{3}\x0cjP  \r\n|\xff\x4f\xff\x51|P[1-6]\s+[#0-9]",
    re.DOTALL,
)

FILE_LIMIT = 256 << 20
"""The bytes of the largest file that is read."""
PIXEL_LIMIT = 89_478_485
"""The most pixels that an image may have: where Pillow suspects a decompression bomb."""

_RUN_PROGRAMS_OR_HOLD_NO_PIXELS = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
_SIXTEEN_BITS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_GREY = frozenset({"1", "L", "LA", "La"}) | _SIXTEEN_BITS
_TURNED = (5, 6, 7, 8)  # orientations of EXIF that swap height and width
_ORIENTATION = 0x0112


def is_image_file(name: str, start: Callable[[], bytes]) -> bool:
    """Whether a file is meant as an image: by its ending, or, where it has none, by its first bytes.

    Args:
        name: The file's name.
        start: Gives its first `START_BYTES`, or more.
    """
    suffix = PurePath(name).suffix.lower()
    return suffix in SUFFIXES if suffix else _STARTS.match(start()) is not None


class UnreadableError(Exception):
    """A file, or an entry of an archive, that gives no image; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an image file says of itself.

    Attributes:
        height: Pixels, once it stands upright.
        width: Pixels, once it stands upright.
        colour: Whether it is more than grey.
        alpha: Whether parts may be transparent.
        format: As Pillow calls it, such as `JPEG`.
    """

    height: int
    width: int
    colour: bool
    alpha: bool
    format: str


def read_header(content: bytes) -> Header:
    """Look at an image file without its pixels.

    Raises:
        UnreadableError: If it is no image, or one of too many pixels.
    """
    try:
        with _open(content) as image:
            return header_of(image)
    except UnreadableError:
        raise
    except Exception as error:  # each format has a parser, and each parser its own errors
        raise _reason(error) from error


def header_of(image: "Image") -> Header:
    """What an opened image says of itself."""
    width, height = image.size
    if _orientation(image) in _TURNED:
        width, height = height, width
    return Header(height, width, image.mode not in _GREY, image.has_transparency_data, image.format or image.mode)


def decode(content: bytes, at_least: int | None = None) -> "Image":
    """Decode an image file: its first frame, upright, with 8 bits a channel.

    Args:
        content: The file.
        at_least: A JPEG may be decoded at a fraction of its size, but with both sides no shorter than this.

    Raises:
        UnreadableError: If it is no image, damaged, of too many pixels, or of numbers whose range nobody knows.
    """
    try:
        with _open(content) as image:
            if at_least is not None:
                image.draft(None, (at_least, at_least))  # None keeps the mode
            image.load()
            return upright(image)
    except UnreadableError:
        raise
    except Exception as error:  # each format has a decoder, and each decoder its own errors
        raise _reason(error) from error


def upright(image: "Image") -> "Image":
    """Turn a loaded image as its EXIF data say, and bring 16 bits to 8.

    Raises:
        UnreadableError: If its numbers are of no known range.
    """
    from PIL import Image, ImageOps

    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode in _SIXTEEN_BITS:
        pixels = np.asarray(image)
        if pixels.min() < 0 or pixels.max() > 65535:
            raise UnreadableError("it has 32 bits a pixel, and more than 16 in use; save it with 8 or 16 bits")
        return Image.fromarray(from_sixteen_bits(pixels))
    if image.mode == "F":
        raise UnreadableError("it has floats for pixels, whose range is not known; save it with 8 or 16 bits")
    if image.mode == "LAB":
        return _from_lab(image)
    return image


def _open(content: bytes) -> "Image":
    if not content:
        raise UnreadableError("it is empty (0 bytes)")
    pillow, formats = _pillow()
    image: Image = pillow.open(BytesIO(content), formats=formats)
    width, height = image.size
    if width * height > PIXEL_LIMIT:
        raise UnreadableError(
            f"it has {width}x{height} pixels, as a decompression bomb has; the limit is {PIXEL_LIMIT:,}"
        )
    return image


@cache
def _pillow():  # type: ignore[no-untyped-def]  # a module and the names of formats
    """Pillow with all its plug-ins, quiet."""
    from PIL import Image

    Image.init()
    # What is wrong with a file is told once, by us; the warnings come from within Pillow, thousands of them.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return Image, tuple(sorted(set(Image.OPEN) - _RUN_PROGRAMS_OR_HOLD_NO_PIXELS))


def _reason(error: Exception) -> UnreadableError:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return UnreadableError("it holds no image of a kind that Pillow reads")
    if isinstance(error, Image.DecompressionBombError | MemoryError):
        return UnreadableError(f"it has more pixels than the limit of {PIXEL_LIMIT:,}, as a decompression bomb has")
    said = " ".join(str(error).split())[:160]
    return UnreadableError(f"it is damaged: {said or type(error).__name__}")


def _orientation(image: "Image") -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF data are no reason to refuse the pixels
        return 1


def from_sixteen_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Whole numbers from 0 to 65535 as the nearest from 0 to 255."""
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _from_lab(image: "Image") -> "Image":
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")
    assert converted is not None  # only a conversion in place gives nothing
    return converted
