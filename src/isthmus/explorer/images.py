"""8-bit images between a client and the run, whatever the dtype of its network."""

import math
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.data import Preprocessing
from isthmus.data.decode.image_files import UnreadableError, decode, read_header
from isthmus.errors import DataError
from isthmus.plots.checks import Images
from isthmus.plots.sheets import arrange
from isthmus.runs import Run


def as_input(run: Run, images: Images) -> NDArray[Any]:
    """8-bit images `(n, h, w, c)` in the dtype of the run's network: uint8, or float32 from 0 to 1."""
    return images if run.image.dtype == "uint8" else images.astype(np.float32) / np.float32(255)


def read_image_file(content: bytes, preprocessing: Preprocessing, pixel_limit: int) -> Images:
    """Read an image file and preprocess it as the training images were: uint8 `(1, h, w, c)`.

    Raises:
        DataError: If it is not an image file, is damaged or has too many pixels.
    """
    try:
        header = read_header(content)
        if header.height * header.width > pixel_limit:
            raise DataError(
                f"expected an image of at most {pixel_limit:,} pixels; got {header.width}x{header.height}. "
                "Make it smaller."
            )
        return preprocessing.apply(decode(content, bits=preprocessing.bits))[None]
    except UnreadableError as error:
        raise DataError(f"expected an image file, but {error}.") from None


def to_png(images: Images) -> bytes:
    """Images `(n, h, w, 1, 3 or 4)` as one PNG, in a nearly square grid without gaps."""
    sheet = arrange(images, max(1, math.ceil(math.sqrt(len(images)))), gap=0)
    file = BytesIO()
    Image.fromarray(sheet[..., 0] if sheet.shape[-1] == 1 else sheet).save(file, "PNG", compress_level=1)
    return file.getvalue()
