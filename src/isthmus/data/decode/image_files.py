"""Image files by Pillow: whatever lies in one, the outcome is an image or a reason why not.

An image file is untrusted.  It is opened by its content, whatever its name says; no format that runs
another program (PostScript) is opened; and its size is looked at before its pixels are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data.decode.formats import pillow_formats
from isthmus.data.depth import bits_in_use, from_sixteen_bits
from isthmus.data.limits import MOST_PIXELS
from isthmus.wording import one_line

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

FILE_LIMIT = 256 << 20
"""The bytes of the largest file that is read."""

_PAGED = frozenset({"AVIF", "DCX", "FLI", "GIF", "IM", "PNG", "TIFF", "WEBP"})
"""Formats whose frames are images of equal rank; those of others are previews (MPO) or layers (PSD)."""
_SUBFILE, _PREVIEW_OR_MASK = 254, 1 | 4
"""TIFF's tag that says what a page is, and its bits for those that are no images of their own."""
_SIXTEEN_BITS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_GREY = frozenset({"1", "L", "LA", "La"}) | _SIXTEEN_BITS
_TURNED = (5, 6, 7, 8)  # orientations of EXIF that swap height and width
_ORIENTATION = 0x0112


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
    with _reasons(), _open(content) as image:
        return header_of(image)


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
        UnreadableError: If it is no image, damaged, of too many pixels, or of numbers of unknown range.
    """
    with _reasons(), _open(content) as image:
        if at_least is not None:
            image.draft(None, (at_least, at_least))  # None keeps the mode
        image.load()
        return upright(image, bits)


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
    with _reasons():
        image = _open(content)
        numbers = _page_numbers(image)
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
            with _reasons():
                image.seek(number)
                _check_size(image)
                image.load()
                page = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image.copy()
                page.format = image.format
            yield page
        except UnreadableError as fault:
            yield fault


def brightest(content: "bytes | Image") -> int:
    """The highest value of a deep image as Pillow has it: of 16 bits if it is grey, else the upper 8 of them.

    Raises:
        UnreadableError: If it is damaged.
    """
    if not isinstance(content, bytes):
        return max(0, int(np.max(np.asarray(content))))
    with _reasons(), _open(content) as image:
        return max(0, int(np.max(np.asarray(image))))


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
        pixels = _numbers(image)
        return Image.fromarray(from_sixteen_bits(pixels, bits or bits_in_use(int(pixels.max()))))
    if image.mode == "F":
        raise UnreadableError("it has floats for pixels, whose range is not known; save it with 8 or 16 bits")
    if image.mode == "LAB":
        return _from_lab(image)
    return image


def sixteen_bit_numbers(content: "bytes | Image") -> NDArray[np.uint16] | None:
    """The numbers of a grey image of 16 bits, uint16 `(h, w, 1)`, upright; None of any other image.

    Raises:
        UnreadableError: If it is no image, damaged, of too many pixels, or of numbers of unknown range.
    """
    from PIL import ImageOps

    if isinstance(content, bytes):
        with _reasons(), _open(content) as image:
            return sixteen_bit_numbers(image)
    if content.mode not in _SIXTEEN_BITS:
        return None
    return _numbers(ImageOps.exif_transpose(content) if _orientation(content) != 1 else content)[..., np.newaxis]


def _numbers(image: "Image") -> NDArray[np.uint16]:
    pixels = np.asarray(image)
    low, high = int(pixels.min()), int(pixels.max())
    if low < 0 or high > 65535:
        raise UnreadableError(
            f"its values go from {low:,} to {high:,}, and 0 to 65,535 are expected; shift or scale them, and save "
            "it with 8 or 16 unsigned bits"
        )
    return pixels.astype(np.uint16)


def _open(content: bytes) -> "ImageFile":
    if not content:
        raise UnreadableError("it is empty (0 bytes)")
    pillow, formats = pillow_formats()
    image: ImageFile = pillow.open(BytesIO(content), formats=formats)
    _check_size(image)
    return image


def _check_size(image: "ImageFile") -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise UnreadableError(
            f"it has {width}x{height} pixels, as a decompression bomb has; the limit is {MOST_PIXELS:,}"
        )


@contextmanager
def _reasons() -> Iterator[None]:
    """Make an `UnreadableError` of whatever goes wrong."""
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:  # each format has a parser and a decoder, and each of those its own errors
        raise _reason(error) from error


def _reason(error: Exception) -> UnreadableError:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return UnreadableError("it holds no image of a kind that Pillow reads")
    if isinstance(error, Image.DecompressionBombError | MemoryError):
        return UnreadableError(f"it has more pixels than the limit of {MOST_PIXELS:,}, as a decompression bomb has")
    said = one_line(error)[:160]
    return UnreadableError(f"it is damaged: {said or type(error).__name__}")


def _orientation(image: "Image") -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF data are no reason to refuse the pixels
        return 1


def _from_lab(image: "Image") -> "Image":
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")
    assert converted is not None  # only a conversion in place gives nothing
    return converted
