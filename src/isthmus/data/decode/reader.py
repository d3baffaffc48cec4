"""From the content of each image to its pixels, some images ahead in threads where that pays."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import as_bytes
from isthmus.data.decode.entries import Collection, Content, Entry
from isthmus.data.decode.image_files import UnreadableError, decode, upright
from isthmus.data.decode.pages import each_image
from isthmus.data.decode.survey import Survey, digest_of
from isthmus.data.preprocessing import Preprocessing
from isthmus.data.sets import Skipped
from isthmus.errors import DataError
from isthmus.threads import ordered_map

if TYPE_CHECKING:
    from PIL.Image import Image

_THREADED_BYTES = 32 << 10
"""The mean size of a file from which on decoding it keeps a thread busy for longer than handing it over takes."""


def decoded_images(
    collection: Collection, found: Survey, convert: Callable[[Content], NDArray[np.uint8]]
) -> Iterator[NDArray[np.uint8] | Skipped]:
    """What `convert` makes of each image that the survey found, in its order, or what was wrong with it."""

    def judged(entry: "tuple[str, Content | UnreadableError]") -> NDArray[np.uint8] | Skipped:
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


def _array(content: Content, bits: int | None) -> NDArray[np.uint8]:
    """An array of numbers as uint8 `(height, width, channels)`."""
    pixels = np.asarray(content)
    try:
        return as_bytes(pixels[..., np.newaxis] if pixels.ndim == 2 else pixels, bits=bits)
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
    if not isinstance(content, np.ndarray):
        return upright(content, bits)
    from PIL import Image

    pixels = _array(content, bits)
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def decoder(fitted: Preprocessing | None, bits: int | None = None) -> Callable[[Content], NDArray[np.uint8]]:
    """What makes one image's content pixels, uint8 `(height, width, channels)`; it raises `UnreadableError`.

    Args:
        fitted: What images become; None for arrays that are taken as they are.
        bits: How many bits are in use of images of 16 bits.
    """
    if fitted is None:
        return partial(_array, bits=bits)
    target = 2 * max(fitted.height, fitted.width)

    def convert(content: Content) -> NDArray[np.uint8]:
        image = as_image(content, target, bits)
        try:
            return fitted.apply(image)
        except (ValueError, OSError, MemoryError) as error:
            raise UnreadableError(f"it cannot be converted: {error}") from error

    return convert
