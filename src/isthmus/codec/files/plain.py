"""Plain image files, of which nothing is lost if only their pixels are stored."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

CHANNELS = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
"""Channels of those of Pillow's modes whose numbers are the pixels themselves, of 8 bits or one."""
_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_AS_STORED = frozenset({"1", "1;I", "L", "L;2", "L;4", "LA", "RGB", "BGR", "RGBA", "BGRA"})
"""Supported layouts of pixels in a file: of 16 bits Pillow would give only half, and of others not all."""
_SCALED = frozenset({"ppm", "ppm_plain"})
"""Pillow's decoders of numbers whose maximum is not 255."""
_ORIENTATION = 0x0112
_OTHER_COLOURS = ("gamma", "chromaticity")


def plain_pixels(content: bytes, shape: tuple[int, int, int]) -> NDArray[np.uint8] | None:
    """The pixels of an image file if they are the whole image and of this shape; else None.

    Not plain are files with more than 8 bits per channel, several frames, transparency other than an alpha channel, an
    orientation, an ICC profile, or a gamma other than sRGB's.  Metadata that do not change how the pixels look
    (resolution, texts, other EXIF data) are ignored.

    Args:
        content: The file.
        shape: Expected height, width and channels.
    """
    from PIL import Image

    height, width, channels = shape
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            if image.size != (width, height) or CHANNELS.get(image.mode) != channels or not _is_plain(image):
                return None
            return np.asarray(image.convert("L") if image.mode == "1" else image, np.uint8).reshape(shape)
    except Exception:  # whatever is wrong, the file is stored as it is
        return None


def _is_plain(image: "ImageFile") -> bool:
    known = image.info
    return (
        all(tile[0] not in _SCALED and _stored(tile[3]) in _AS_STORED for tile in image.tile)
        and getattr(image, "n_frames", 1) == 1
        and image.getexif().get(_ORIENTATION, 1) == 1
        and "transparency" not in known
        and "icc_profile" not in known
        # A PNG in sRGB gives a gamma only for readers that do not support sRGB.
        and ("srgb" in known or not any(key in known for key in _OTHER_COLOURS))
    )


def _stored(arguments: object) -> object:
    """The layout of pixels in the file: the first argument of Pillow's decoder."""
    return arguments[0] if isinstance(arguments, tuple) else arguments
