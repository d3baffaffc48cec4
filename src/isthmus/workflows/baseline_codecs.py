"""What other lossless codecs make of the same images: as one stream, and image by image."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from isthmus.codec import CodecModel
from isthmus.data import Data
from isthmus.workflows.intake import Intake

Pixels = NDArray[np.uint8]
Codec = Callable[[bytes], bytes]
MOST = 10_000
"""Images that are compared, at most."""
SINGLE = 1_000
"""Images that are compressed one by one, at most."""
FILES = "the files themselves"


@dataclass(frozen=True)
class CodecSizes:
    """What other codecs make of images.

    Attributes:
        images: How many were compared.
        bits: By codec, the bits for each number of the images: all in one stream, and each image by itself; None where
            a codec has no such way.
    """

    images: int
    bits: Mapping[str, tuple[float | None, float | None]]


def compare_with(model: CodecModel, data: Data, threshold: bool) -> CodecSizes:
    """What other codecs make of the images that go into an archive and are of the model's shape, `MOST` at most.

    Two-level images are handed over with 8 pixels in a byte, or as two-level images.  A codec for images has no
    stream, and neither have the files that the images came in.

    Raises:
        UsageError: If there is no such data.
        DataError: If the images are damaged.
    """
    given = ((item.pixels, item.file) for item in Intake(model, data, threshold).items())
    fitting = ((pixels, file) for pixels, file in given if pixels is not None and pixels.shape == model.shape)
    compared = list(islice(fitting, MOST))
    if not compared:
        return CodecSizes(0, {})
    pixels = np.stack([image for image, _ in compared])
    sizes = [len(file) for _, file in compared if file is not None]
    own = {FILES: (None, 8 * sum(sizes) / pixels.size)} if len(sizes) == len(compared) else {}
    return CodecSizes(len(compared), {**own, **bits_by_codec(pixels)})


def bits_by_codec(pixels: Pixels) -> dict[str, tuple[float | None, float | None]]:
    """Bits a number of images `(n, h, w, c)` by codec: in one stream, and image by image; None where it has none."""
    two_levels = bool(((pixels == 0) | (pixels == 255)).all())
    several = pixels[:SINGLE]
    raw = [_raw(image, two_levels) for image in several]
    joined = _raw(pixels, two_levels)
    found: dict[str, tuple[float | None, float | None]] = {}
    for name, codec in streams().items():
        alone = sum(len(codec(image)) for image in raw)
        found[name] = 8 * len(codec(joined)) / pixels.size, 8 * alone / several.size
    for name, image_codec in image_codecs().items():
        found[name] = None, 8 * sum(len(image_codec(image, two_levels)) for image in several) / several.size
    return found


def streams() -> Mapping[str, Codec]:
    """Codecs of bytes, at their strongest; zstd where imagecodecs is installed."""
    codecs: dict[str, Codec] = {
        "gzip": lambda raw: gzip.compress(raw, 9, mtime=0),
        "bzip2": lambda raw: bz2.compress(raw, 9),
        "xz": _xz,
    }
    try:
        import imagecodecs
    except ImportError:
        return codecs
    return {**codecs, "zstd": lambda raw: bytes(imagecodecs.zstd_encode(raw, level=22))}


def image_codecs() -> Mapping[str, Callable[[Pixels, bool], bytes]]:
    """Codecs of images, at their strongest; JPEG XL where imagecodecs is installed."""
    codecs: dict[str, Callable[[Pixels, bool], bytes]] = {
        "PNG": lambda image, two_levels: _saved(image, two_levels, "PNG", optimize=True),
        "WebP lossless": lambda image, _: _saved(image, False, "WEBP", lossless=True, quality=100, method=6),
    }
    try:
        import imagecodecs
    except ImportError:
        return MappingProxyType(codecs)

    def jpeg_xl(image: Pixels, two_levels: bool) -> bytes:
        return bytes(imagecodecs.jpegxl_encode(np.squeeze(image), lossless=True, effort=9))

    return MappingProxyType({**codecs, "JPEG XL lossless": jpeg_xl})


def _xz(raw: bytes) -> bytes:
    # A dictionary longer than the bytes gains nothing, and to make room for it takes longer than the rest.
    size = min(max(len(raw), 1 << 12), 1 << 26)
    chain = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": size}]
    return lzma.compress(raw, filters=chain)


def _raw(pixels: Pixels, two_levels: bool) -> bytes:
    return np.packbits(pixels > 0).tobytes() if two_levels else pixels.tobytes()


def _saved(image: Pixels, two_levels: bool, form: str, **options: object) -> bytes:
    from PIL import Image

    converted = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    if form == "WEBP" and converted.mode == "L":
        converted = converted.convert("RGB")
    out = BytesIO()
    (converted.convert("1") if two_levels and converted.mode == "L" else converted).save(out, form, **options)
    return out.getvalue()
