"""Pixels on their way between a run and whoever asks: 8 bits, whatever the network takes."""

import math
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Preprocessing
from isthmus.data.decode.image_files import UnreadableError, decode, read_header
from isthmus.errors import DataError
from isthmus.plots.display import as_displayed
from isthmus.runs import Run

Pixels = NDArray[np.uint8]


def shown_channels(channels: int) -> int:
    """The channels of the pictures that are shown of images of so many: 1, 3 or 4."""
    return channels if channels in (1, 3, 4) else 1


def as_shown(images: NDArray[np.generic]) -> Pixels:
    """Images `(n, h, w, c)` of a run as uint8 `(n, h, w, 1, 3 or 4)`."""
    return as_displayed(images)


def as_given(run: Run, pixels: Pixels) -> NDArray[Any]:
    """8-bit pixels `(n, h, w, c)` as the run's network takes them."""
    return pixels if run.image.dtype == "uint8" else pixels.astype(np.float32) / np.float32(255)


def read_picture(content: bytes, preprocessing: Preprocessing, pixel_limit: int) -> Pixels:
    """Read a picture file and make it fit as the training images were: uint8 `(1, h, w, c)`.

    Raises:
        DataError: If it is no picture, a damaged one, or one of too many pixels.
    """
    try:
        header = read_header(content)
        if header.height * header.width > pixel_limit:
            raise DataError(
                f"expected a picture of at most {pixel_limit:,} pixels; got {header.width}x{header.height}. "
                "Make it smaller."
            )
        return preprocessing.apply(decode(content, bits=preprocessing.bits))[None]
    except UnreadableError as error:
        raise DataError(f"expected a picture file, but {error}.") from None


def to_png(images: Pixels) -> bytes:
    """One picture of all: images `(n, h, w, 1, 3 or 4)` in rows, as nearly square as can be, without gaps."""
    from PIL import Image

    count, height, width, channels = images.shape
    columns = max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    file = BytesIO()
    Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(file, "PNG", compress_level=1)
    return file.getvalue()
