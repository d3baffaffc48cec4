"""From the content of each image to its pixels, some images ahead in threads where that pays."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import as_bytes
from isthmus.data.decode.entries import Collection, Content, Entry
from isthmus.data.decode.image_files import UnreadableError, decode, sixteen_bit_numbers, upright
from isthmus.data.decode.pages import each_image
from isthmus.data.decode.survey import Survey, digest_of
from isthmus.data.decode.tiff_pages import Bands
from isthmus.data.depth import in_range, is_uint16, widened
from isthmus.data.limits import MOST_CHANNELS
from isthmus.data.preprocessing import CHANNELS, Preprocessing
from isthmus.data.sets import Skipped
from isthmus.errors import DataError
from isthmus.threads import ordered_map

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]

_THREADED_BYTES = 32 << 10
"""The mean size of a file from which on decoding it keeps a thread busy for longer than handing it over takes."""


def decoded_images(
    collection: Collection, found: Survey, convert: Callable[[Content], Pixels]
) -> Iterator[Pixels | Skipped]:
    """What `convert` makes of each image that the survey found, in its order, or what was wrong with it."""

    def judged(entry: "tuple[str, Content | UnreadableError]") -> Pixels | Skipped:
        name, content = entry
        try:
            if isinstance(content, UnreadableError):
                raise content
            return convert(content)
        except UnreadableError as fault:
            return Skipped(name, str(fault))

    threaded = found.source_bytes > _THREADED_BYTES * len(found)
    return ordered_map(judged, _again(collection, found), min(8, os.cpu_count() or 1) if threaded else 1)


def _again(collection: Collection, found: Survey) -> "Iterator[tuple[str, Content | UnreadableError]]":
    """The contents of the images that the survey found, in its order."""
    done = 0
    changed = DataError(f"'{collection.name}' changed while it was read. Try again once it stays as it is")
    for place, entry in enumerate(each_image(collection)):
        if done == len(found) or place != found.places[done]:
            continue
        if entry.name != found.names[done]:
            raise changed
        content = entry.load() if isinstance(entry, Entry) else UnreadableError(entry.reason)
        # A data set of a program's own may give another draw each time; a file that does has changed.
        if isinstance(content, bytes) and digest_of(content) != found.digest(done):
            raise changed
        yield entry.name, content
        done += 1
    if done < len(found):
        raise changed


def _array(content: Content, bits: int | None, deep: bool = False) -> Pixels:
    """An array of numbers as `(height, width, channels)`, uint16 if `deep`, else uint8."""
    pixels = content.pixels if isinstance(content, Bands) else np.asarray(content)
    pixels = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
    if pixels.shape[-1] > MOST_CHANNELS:
        raise UnreadableError(f"it has {pixels.shape[-1]} channels, and at most {MOST_CHANNELS} are taken")
    try:
        return in_range(pixels if is_uint16(pixels) else as_bytes(pixels), bits, deep)
    except DataError as fault:
        raise UnreadableError(str(fault)) from fault


def as_image(content: Content, at_least: int | None = None, bits: int | None = None) -> "Image":
    """Open one image's content: upright, with 8 bits a channel.

    Args:
        content: What an entry gave.
        at_least: As `decode` takes it.
        bits: How many bits are in use, if it has 16; None for as many as this image uses.

    Raises:
        UnreadableError: If it is damaged, or of numbers that no image has.
    """
    if isinstance(content, bytes):
        return decode(content, at_least, bits)
    if not isinstance(content, np.ndarray | Bands):
        return upright(content, bits)
    from PIL import Image

    pixels = _array(content, bits)
    if pixels.shape[2] not in CHANNELS:
        raise UnreadableError(f"it has {pixels.shape[2]} channels, and 1, 3 or 4 are expected")
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def decoder(fitted: Preprocessing | None, bits: int | None = None, deep: bool = False) -> Callable[[Content], Pixels]:
    """What makes one image's content pixels `(height, width, channels)`; it raises `UnreadableError`.

    Args:
        fitted: What images become; None for arrays that are taken as they are.
        bits: How many bits are in use of images of 16 bits.
        deep: Whether pixels are uint16 from 0 to `2**bits - 1`, and not uint8 from 0 to 255.
    """
    if fitted is None:
        return partial(_array, bits=bits, deep=deep)
    target, top = 2 * max(fitted.height, fitted.width), (1 << bits) - 1 if deep and bits else 255

    def convert(content: Content) -> Pixels:
        bands = content if isinstance(content, Bands) else _sixteen_bits(content) if deep else None
        try:
            if bands is not None:
                return fitted.apply_bands(_array(bands, bits, deep), top, bands.alpha)
            made = fitted.apply(as_image(content, target, bits))
            return widened(made, bits) if deep and bits else made
        except (ValueError, OSError, MemoryError) as error:
            raise UnreadableError(f"it cannot be converted: {error}") from error

    return convert


def _sixteen_bits(content: Content) -> Bands | None:
    """The numbers of a grey image of 16 bits; None of any other."""
    if isinstance(content, np.ndarray):
        return Bands(content, alpha=content.shape[2:] == (4,)) if is_uint16(content) else None
    assert not isinstance(content, Bands)
    pixels = sixteen_bit_numbers(content)
    return None if pixels is None else Bands(pixels)
