"""Image files by Pillow: whatever lies in one, the outcome is an image or a reason why not.

An image file is the work of a stranger.  It is opened by its content, whatever its name says; no format that runs
another program (PostScript) is opened; and its size is looked at before its pixels are.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.wording import one_line

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

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

_CONVERT = "convert it, for instance with ImageMagick: magick IN OUT.png"
_DEVELOP = "it is a raw photograph; develop it to TIFF or PNG first, for instance with darktable or dcraw"
_DRAW = "it holds pages or shapes instead of pixels; draw it first, for instance: magick -density 150 IN OUT.png"
_EXPORT = "export it as TIFF or PNG, each slice or channel as one grey image"
_UNSUPPORTED = {
    **dict.fromkeys((".heic", ".heif", ".hif", ".jxl", ".jxr", ".exr", ".hdr", ".xcf"), _CONVERT),
    **dict.fromkeys((".arw", ".cr2", ".cr3", ".crw", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf"), _DEVELOP),
    **dict.fromkeys((".raw", ".rw2", ".sr2", ".srf", ".srw", ".x3f"), _DEVELOP),
    **dict.fromkeys((".ai", ".eps", ".pdf", ".ps", ".svg", ".svgz"), _DRAW),
    **dict.fromkeys((".czi", ".dcm", ".dicom", ".lif", ".mha", ".mrc", ".nd2", ".nii", ".oib", ".oif"), _EXPORT),
    **dict.fromkeys((".ndpi", ".svs", ".vsi", ".zvi"), _EXPORT),
}
"""The endings of image formats that are not read, each with what to do instead."""

FILE_LIMIT = 256 << 20
"""The bytes of the largest file that is read."""
BITS = (8, 10, 12, 14, 16)
"""How many bits of a 16-bit image may be in use, as cameras and scanners have them."""
PIXEL_LIMIT = 89_478_485
"""The most pixels that an image may have: where Pillow suspects a decompression bomb."""

_PAGED = frozenset({"AVIF", "DCX", "FLI", "GIF", "IM", "PNG", "TIFF", "WEBP"})
"""Formats whose frames are images of equal rank; those of others are previews (MPO) or layers (PSD)."""
_SUBFILE, _PREVIEW_OR_MASK = 254, 1 | 4
"""TIFF's tag that says what a page is, and its bits for those that are no images of their own."""
_RUN_PROGRAMS_OR_HOLD_NO_PIXELS = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
_SIXTEEN_BITS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_GREY = frozenset({"1", "L", "LA", "La"}) | _SIXTEEN_BITS
_TURNED = (5, 6, 7, 8)  # orientations of EXIF that swap height and width
_ORIENTATION = 0x0112


def is_image_file(name: str, start: Callable[[], bytes]) -> bool:
    """Whether a file is meant as an image: by its ending, or, where it has none, by its first bytes.

    Images of formats that are not read count, so that none is passed over in silence; see `unsupported`.

    Args:
        name: The file's name.
        start: Gives its first `START_BYTES`, or more.
    """
    suffix = PurePath(name).suffix.lower()
    return suffix in SUFFIXES or suffix in _UNSUPPORTED if suffix else _STARTS.match(start()) is not None


def unsupported(name: str) -> str:
    """Why an image file of this name is not read, and what to do; empty where its format may be read."""
    suffix = PurePath(name).suffix.lower()
    cure = _UNSUPPORTED.get(suffix)
    if cure is None and suffix in (".avif", ".avifs") and "AVIF" not in _pillow()[1]:
        cure = f"install a newer Pillow (11.3 or later), or {_CONVERT}"
    return f"isthmus does not read {suffix[1:].upper()} files: {cure}" if cure else ""


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
        deep: Whether its pixels have more than 8 bits a channel.
    """

    height: int
    width: int
    colour: bool
    alpha: bool
    format: str
    deep: bool = False


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
    return Header(
        height,
        width,
        image.mode not in _GREY,
        image.has_transparency_data,
        image.format or image.mode,
        deep=image.mode in _SIXTEEN_BITS or any(";16" in str(tile[3]) for tile in getattr(image, "tile", ())),
    )


def decode(content: bytes, at_least: int | None = None, bits: int | None = None) -> "Image":
    """Decode an image file: its first frame, upright, with 8 bits a channel.

    Args:
        content: The file.
        at_least: A JPEG may be decoded at a fraction of its size, but with both sides no shorter than this.
        bits: As `upright` takes it.

    Raises:
        UnreadableError: If it is no image, damaged, of too many pixels, or of numbers whose range nobody knows.
    """
    try:
        with _open(content) as image:
            if at_least is not None:
                image.draft(None, (at_least, at_least))  # None keeps the mode
            image.load()
            return upright(image, bits)
    except UnreadableError:
        raise
    except Exception as error:  # each format has a decoder, and each decoder its own errors
        raise _reason(error) from error


def pages_of(content: bytes) -> "tuple[int, Iterator[Image | UnreadableError]] | None":
    """How many pages or frames an image file has, and these in order; None of a file that is a single image.

    Pages stand upright, and keep their numbers of bits.  TIFF's previews and masks are no pages.

    Raises:
        UnreadableError: If it is no image, or is damaged so that its pages cannot be counted.
    """
    # Most files are JPEG and PNG, which need not be opened to tell; an animated PNG says so before its pixels.
    if content.startswith(b"\xff\xd8") or (
        content.startswith(b"\x89PNG") and content.find(b"acTL", 0, content.find(b"IDAT")) < 0
    ):
        return None
    try:
        image = _open(content)
        numbers = _page_numbers(image)
    except UnreadableError:
        raise
    except Exception as error:  # each format has a parser, and each parser its own errors
        raise _reason(error) from error
    return None if len(numbers) == 1 else (len(numbers), _pages(image, numbers))


def _page_numbers(image: "ImageFile") -> list[int]:
    count = getattr(image, "n_frames", 1) if image.format in _PAGED else 1
    if count == 1 or image.format != "TIFF":
        return list(range(count))
    numbers = []
    for number in range(count):
        image.seek(number)
        if not image.tag_v2.get(_SUBFILE, 0) & _PREVIEW_OR_MASK:  # type: ignore[attr-defined]  # a TIFF's
            numbers.append(number)
    image.seek(0)
    return numbers or [0]


def _pages(image: "ImageFile", numbers: list[int]) -> "Iterator[Image | UnreadableError]":
    from PIL import ImageOps

    for number in numbers:
        try:
            image.seek(number)
            _check_size(image)
            image.load()
            page = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image.copy()
            page.format = image.format
            yield page
        except UnreadableError as fault:
            yield fault
        except Exception as error:  # each format has a decoder, and each decoder its own errors
            yield _reason(error)


def brightest(content: "bytes | Image") -> int:
    """The highest value of a deep image as Pillow has it: of 16 bits if it is grey, else the upper 8 of them.

    Raises:
        UnreadableError: If it is damaged.
    """
    if not isinstance(content, bytes):
        return max(0, int(np.max(np.asarray(content))))
    try:
        with _open(content) as image:
            return max(0, int(np.max(np.asarray(image))))
    except UnreadableError:
        raise
    except Exception as error:  # each format has a decoder, and each decoder its own errors
        raise _reason(error) from error


def upright(image: "Image", bits: int | None = None) -> "Image":
    """Turn a loaded image as its EXIF data say, and bring 16 bits to 8.

    Args:
        image: The image.
        bits: How many of 16 bits are in use, see `from_sixteen_bits`; None for as many as this image uses.

    Raises:
        UnreadableError: If its numbers are of no known range.
    """
    from PIL import Image, ImageOps

    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode in _SIXTEEN_BITS:
        pixels = np.asarray(image)
        low, high = int(pixels.min()), int(pixels.max())
        if low < 0 or high > 65535:
            raise UnreadableError(
                f"its values go from {low:,} to {high:,}, and 0 to 65,535 are expected; shift or scale them, and save "
                "it with 8 or 16 unsigned bits"
            )
        return Image.fromarray(from_sixteen_bits(pixels, bits or bits_in_use(high)))
    if image.mode == "F":
        raise UnreadableError("it has floats for pixels, whose range is not known; save it with 8 or 16 bits")
    if image.mode == "LAB":
        return _from_lab(image)
    return image


def _open(content: bytes) -> "ImageFile":
    if not content:
        raise UnreadableError("it is empty (0 bytes)")
    pillow, formats = _pillow()
    image: ImageFile = pillow.open(BytesIO(content), formats=formats)
    _check_size(image)
    return image


def _check_size(image: "ImageFile") -> None:
    width, height = image.size
    if width * height > PIXEL_LIMIT:
        raise UnreadableError(
            f"it has {width}x{height} pixels, as a decompression bomb has; the limit is {PIXEL_LIMIT:,}"
        )


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
    said = one_line(error)[:160]
    return UnreadableError(f"it is damaged: {said or type(error).__name__}")


def _orientation(image: "Image") -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF data are no reason to refuse the pixels
        return 1


def bits_in_use(highest: int) -> int:
    """The bits of a camera or scanner whose highest value is this: 8, 10, 12, 14 or 16."""
    return next((bits for bits in BITS if highest < 1 << bits), BITS[-1])


def from_sixteen_bits(pixels: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Whole numbers from 0 to `2**bits - 1` as the nearest from 0 to 255; what is above becomes 255."""
    top = (1 << bits) - 1
    levels: NDArray[np.uint32] = (np.minimum(pixels, top).astype(np.uint32) * 510 + top) // (2 * top)
    return levels.astype(np.uint8)


def _from_lab(image: "Image") -> "Image":
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")
    assert converted is not None  # only a conversion in place gives nothing
    return converted
