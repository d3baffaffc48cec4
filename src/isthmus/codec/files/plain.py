"""Image files that show their pixels as they are, so that nothing of the picture is lost with the file."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

CHANNELS = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
"""The channels of the modes of Pillow's whose numbers are the picture's, with 8 bits or one."""
_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_AS_STORED = frozenset({"1", "1;I", "L", "L;2", "L;4", "LA", "RGB", "BGR", "RGBA", "BGRA"})
"""How pixels may lie in a file: of 16 bits Pillow would give half, and of what else there is not all."""
_SCALED = frozenset({"ppm", "ppm_plain"})
"""Pillow's decoders of numbers that reach to another level than 255."""
_ORIENTATION = 0x0112
_OTHER_COLOURS = ("gamma", "chromaticity")


def plain_pixels(content: bytes, shape: tuple[int, int, int]) -> NDArray[np.uint8] | None:
    """An image file's pixels, where they are the whole picture and of this shape; else None.

    Not plain are files with more than 8 bits a channel, several frames, transparency aside from a channel of its own,
    an orientation, or colours of their own: an ICC profile, or a gamma that is not sRGB's.  What says nothing of how
    the pixels look (resolution, texts, other EXIF data) is not looked at.

    Args:
        content: The file.
        shape: Height, width and channels.
    """
    from PIL import Image

    height, width, channels = shape
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            if image.size != (width, height) or CHANNELS.get(image.mode) != channels or not _is_plain(image):
                return None
            return np.asarray(image.convert("L") if image.mode == "1" else image, np.uint8).reshape(shape)
    except Exception:  # whatever it is, it is kept as it is
        return None


def _is_plain(image: "ImageFile") -> bool:
    known = image.info
    return (
        all(tile[0] not in _SCALED and _stored(tile[3]) in _AS_STORED for tile in image.tile)
        and getattr(image, "n_frames", 1) == 1
        and image.getexif().get(_ORIENTATION, 1) == 1
        and "transparency" not in known
        and "icc_profile" not in known
        # A PNG that says it is sRGB tells its gamma for those alone that do not know sRGB.
        and ("srgb" in known or not any(key in known for key in _OTHER_COLOURS))
    )


def _stored(arguments: object) -> object:
    """How the pixels lie in the file, from the arguments of Pillow's decoder: the first of several."""
    return arguments[0] if isinstance(arguments, tuple) else arguments
