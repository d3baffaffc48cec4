"""What other lossless codecs make of the same images: as one stream, and image by image."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from isthmus.codec import CodecModel
from isthmus.data import Data, open_images
from isthmus.errors import UsageError

Pixels = NDArray[np.uint8]
Codec = Callable[[bytes], bytes]
MOST = 10_000
"""Images that are compared, at most."""
SINGLE = 1_000
"""Images that are compressed one by one, at most."""


def compare_with(model: CodecModel, data: Data, threshold: bool) -> dict[str, tuple[float | None, float | None]]:
    """The bits that each number of the images takes in other codecs: all in one stream, and each image by itself.

    Two-level images are handed over with 8 pixels in a byte, or as two-level pictures.  A codec for pictures has no
    stream.

    Raises:
        UsageError: If the images are not of the model's shape.
    """
    images = open_images(data, "uint8")
    source = images.test or images.train
    pixels = np.asarray(source.read(np.arange(min(len(source), MOST))), np.uint8)
    if pixels.shape[1:] != model.shape:
        raise UsageError(f"--compare is for images of the run's shape, {model.shape}; these are {pixels.shape[1:]}.")
    return figures(model.crisp(pixels) if threshold else pixels)


def figures(pixels: Pixels) -> dict[str, tuple[float | None, float | None]]:
    """Bits a number of images `(n, h, w, c)` by codec: in one stream, and image by image; None where it has none."""
    two_levels = bool(((pixels == 0) | (pixels == 255)).all())
    several = pixels[:SINGLE]
    raw = [_raw(image, two_levels) for image in several]
    joined = _raw(pixels, two_levels)
    found: dict[str, tuple[float | None, float | None]] = {}
    for name, codec in streams().items():
        alone = sum(len(codec(image)) for image in raw)
        found[name] = 8 * len(codec(joined)) / pixels.size, 8 * alone / several.size
    for name, picture in pictures().items():
        found[name] = None, 8 * sum(len(picture(image, two_levels)) for image in several) / several.size
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


def pictures() -> Mapping[str, Callable[[Pixels, bool], bytes]]:
    """Codecs of pictures, at their strongest; JPEG XL where imagecodecs is installed."""
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

    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    if form == "WEBP" and picture.mode == "L":
        picture = picture.convert("RGB")
    out = BytesIO()
    (picture.convert("1") if two_levels and picture.mode == "L" else picture).save(out, form, **options)
    return out.getvalue()
