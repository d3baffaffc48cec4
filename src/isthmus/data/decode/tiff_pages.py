"""Pages of TIFF files that Pillow has no mode for: several bands, and colours of 16 bits.

A file is untrusted: what a page would take is looked at before its pixels are, and only compressions are decoded that
cannot give more than that.
"""

import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.limits import MOST_CHANNELS, MOST_PIXELS
from isthmus.wording import one_line

if TYPE_CHECKING:
    from tifffile import TiffPage

_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PREVIEW_OR_MASK = 1 | 4
_WHITE_IS_0, _BLACK_IS_0, _RGB = 0, 1, 2
_ALPHAS = (1, 2)
_NONE, _LZW, _DEFLATES = 1, 5, (8, 32946)
_CURE = "save it without compression, or with deflate"
_LARGEST = 4 * MOST_PIXELS
"""The bytes of a page: those of the largest image that Pillow may read, with four channels."""


@dataclass(frozen=True, eq=False)
class Bands:
    """An image as its numbers, where Pillow has no mode for it.

    Attributes:
        pixels: uint8 or uint16 `(h, w, c)`, upright.
        alpha: Whether the last channel is how opaque a pixel is.
    """

    pixels: NDArray[Any]
    alpha: bool = False


def band_pages(content: bytes) -> "tuple[int, Iterator[Bands | UnreadableError]] | None":
    """How many pages a TIFF file has, and these in order; None of a file that Pillow reads whole.

    Previews and masks are no pages.
    """
    if not content.startswith(_SIGNATURES):
        return None
    import tifffile

    # What is wrong with a file is told once, by us.
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    try:
        file = tifffile.TiffFile(BytesIO(content))
        pages = [page.aspage() for page in file.pages]
        pages = [page for page in pages if not page.subfiletype & _PREVIEW_OR_MASK] or pages[:1]
        if not _beyond_pillow(pages[0]):
            return None
    except Exception:  # Pillow says what is wrong with the file
        return None
    return len(pages), map(_read, pages)


def _beyond_pillow(page: "TiffPage") -> bool:
    if page.samplesperpixel == 1:
        return False
    grey_with_alpha = page.samplesperpixel == 2 and page.extrasamples[:1] and page.extrasamples[0] in _ALPHAS
    bands = page.photometric == _BLACK_IS_0 and not grey_with_alpha
    deep = page.photometric == _RGB and page.bitspersample > 8
    return bool(bands or deep)


def _read(page: "TiffPage") -> Bands | UnreadableError:
    try:
        _check(page)
        pixels = page.asarray(maxworkers=1)
        if page.axes == "SYX":
            pixels = np.moveaxis(pixels, 0, -1)
        elif page.axes == "YX":
            pixels = pixels[..., np.newaxis]
        elif page.axes != "YXS":
            raise UnreadableError(f"its axes are {page.axes}, and rows, columns and samples are expected")
        if page.photometric == _WHITE_IS_0:
            pixels = np.invert(pixels)
        alpha = page.photometric == _RGB and pixels.shape[-1] == 4
        return Bands(np.ascontiguousarray(_upright(pixels, page)), alpha)
    except UnreadableError as fault:
        return fault
    except Exception as error:  # a parser and decoders, each with errors of its own
        if "imagecodecs" in str(error):
            return UnreadableError(
                f"its compression ({_name(page.compression)}) needs: pip install imagecodecs; or {_CURE}"
            )
        return UnreadableError(f"it is damaged: {one_line(error)[:160] or type(error).__name__}")


def _check(page: "TiffPage") -> None:
    """Check what a page is and would take, before it is decoded.

    Raises:
        UnreadableError: If it is none that is read, or too large.
    """
    channels, kind = page.samplesperpixel, page.dtype
    if page.photometric not in (_WHITE_IS_0, _BLACK_IS_0, _RGB):
        raise UnreadableError(f"its colours ({_name(page.photometric)}) are not read beside several bands")
    if channels > MOST_CHANNELS:
        raise UnreadableError(f"it has {channels} channels, and at most {MOST_CHANNELS} are read")
    if kind not in (np.uint8, np.uint16):
        raise UnreadableError(f"its values are {kind}, whose range is not known; save it with 8 or 16 unsigned bits")
    size = page.imagewidth * page.imagelength * channels * kind.itemsize
    if size > _LARGEST:
        raise UnreadableError(
            f"it has {page.imagewidth}x{page.imagelength}x{channels} values, as a decompression bomb has"
        )
    if page.compression not in (_NONE, _LZW, *_DEFLATES):
        raise UnreadableError(f"its compression ({_name(page.compression)}) is not read for several bands; {_CURE}")
    if page.compression in _DEFLATES:
        _check_deflated(page, size)


def _check_deflated(page: "TiffPage", size: int) -> None:
    """Check that no part unpacks to more than the page has; without imagecodecs, nothing else limits it."""
    handle = page.parent.filehandle
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        handle.seek(offset)
        unpacking = zlib.decompressobj()
        unpacking.decompress(handle.read(count), max(size, 1 << 20))
        if unpacking.unconsumed_tail:
            raise UnreadableError("it unpacks to more than its size, as a decompression bomb does")


def _name(code: int) -> str:
    """The name of a code of the format, or its number where tifffile knows none."""
    return str(getattr(code, "name", code))


def _upright(pixels: NDArray[Any], page: "TiffPage") -> NDArray[Any]:
    tag = page.tags.get("Orientation")
    match 1 if tag is None else tag.value:
        case 2:
            return pixels[:, ::-1]
        case 3:
            return pixels[::-1, ::-1]
        case 4:
            return pixels[::-1]
        case 5:
            return pixels.transpose(1, 0, 2)
        case 6:
            return np.rot90(pixels, -1)
        case 7:
            return pixels[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            return np.rot90(pixels)
        case _:
            return pixels
