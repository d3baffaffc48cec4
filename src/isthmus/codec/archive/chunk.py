"""A chunk of an archive: some images, coded or escaped, with their names; readable by itself."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.archive.directory import MOST_IMAGES, MOST_NUMBERS, Directory, directory_size
from isthmus.codec.archive.escape import (
    Shape,
    escape,
    pack_pixels,
    shared_size,
    split,
    unpack_files,
    unpack_pixels,
)
from isthmus.codec.archive.image import NamedImage
from isthmus.codec.archive.tally import Tally
from isthmus.codec.model.codec_model import CodecModel
from isthmus.errors import ArchiveError, DataError

UInt8 = NDArray[np.uint8]


def encode_chunk(model: CodecModel, items: Sequence[NamedImage], first: int) -> tuple[bytes, Tally]:
    """Encode images as a chunk: each by the model, without it or as its file, whichever is the smallest.

    Args:
        model: What codes the images.
        items: The images, at most `MOST_IMAGES`.
        first: The number of the first of them in the archive.

    Returns:
        The chunk, and its counts.

    Raises:
        DataError: If readers would not accept the chunk.
    """
    _require_readable(items)
    file_sizes = _file_sizes(items)
    coded = _code(model, items, file_sizes)
    smaller = {
        place
        for place, item in enumerate(items)
        if place not in coded.places
        and item.pixels is not None
        and file_sizes[place] < len(pack_pixels(item.pixels[None]))
    }
    stored = [NamedImage(item.name, file=item.file) if place in smaller else item for place, item in enumerate(items)]
    escaped = escape({place: item for place, item in enumerate(stored) if place not in coded.places})
    groups, contents = [group for group, _ in escaped], [content for _, content in escaped]
    names, words = [item.name for item in items], len(coded.words)
    directory = Directory(first, names, tuple(coded.blocks), words, tuple(groups), _check(stored))
    tally = Tally(
        images=len(items),
        coded=len(coded.places),
        coded_numbers=len(coded.places) * model.dims,
        coded_bits=32 * words,
        initial_bits=coded.initial_bits,
        escaped_bytes=sum(map(len, contents)),
        poor=len(coded.poor - smaller),
        numbers=sum(item.pixels.size for item in items if item.pixels is not None),
        files=sum(item.pixels is None for item in items),
        smaller=len(smaller),
    )
    return b"".join([directory.to_bytes(), coded.words.astype("<u4").tobytes(), *contents]), tally


@dataclass(frozen=True, eq=False)
class _Coded:
    """Images that the model coded.

    Attributes:
        places: Their places in the chunk.
        poor: Places of images that the model could code, but not well.
        words: The words of the stack, uint32 `(n,)`.
        blocks: The number of images in each block on the stack.
        initial_bits: The initial bits of bits-back coding.
    """

    places: frozenset[int]
    poor: frozenset[int]
    words: NDArray[np.uint32]
    blocks: Sequence[int]
    initial_bits: int


def _code(model: CodecModel, items: Sequence[NamedImage], file_sizes: Sequence[float]) -> _Coded:
    """Code the images that take fewer bits by the model than without it or as their files."""
    codable = {
        place: item.pixels
        for place, item in enumerate(items)
        if item.pixels is not None and _codable(model, item.pixels)
    }
    none = _Coded(frozenset(), frozenset(codable), np.empty(0, np.uint32), (), 0)
    if not codable:
        return none
    images, places = np.stack([*codable.values()]), np.array([*codable])
    posterior = model.coder.posterior(images)
    bits = model.coder.bits(images, posterior)
    worth = bits <= np.minimum(_plain_bits(model, images), [8 * file_sizes[place] for place in codable])
    if not worth.any():
        return none
    words, blocks, initial = model.coder.encode(images[worth], posterior[worth])
    return _Coded(frozenset(places[worth].tolist()), frozenset(places[~worth].tolist()), words, blocks, initial)


def decode_chunk(model: CodecModel | None, content: bytes, shape: Shape) -> list[NamedImage]:
    """Decode the images of a chunk.

    Args:
        model: The model that coded them; not needed if it coded none.
        content: The chunk.
        shape: Height, width and channels of the images that the model codes.

    Raises:
        ArchiveError: If it is damaged, or of another model; images that differ are never returned.
    """
    directory, start = Directory.from_bytes(content, shape), directory_size(content)
    directory.require_size(start, len(content))
    end = start + 4 * directory.words
    items: list[NamedImage | None] = [None] * len(directory.names)
    names = directory.names
    at = end
    for group in directory.escaped:
        stored = content[at : at + group.stored]
        at += group.stored
        if group.shape is None:
            files = split(stored, group.sizes) if group.packed is None else unpack_files(stored, group.sizes)
            for place, file in zip(group.places, files, strict=True):
                items[place] = NamedImage(names[place], file=file)
            continue
        images = unpack_pixels(stored, len(group.places), group.shape)
        for place, pixels in zip(group.places, images, strict=True):
            items[place] = NamedImage(names[place], pixels)
    if directory.coded:
        if model is None:
            raise ArchiveError("the images cannot be decoded without the model that coded them.")
        words = np.frombuffer(content[start:end], "<u4").astype(np.uint32)
        images = model.coder.decode(words, directory.blocks, shape)
        left = (place for place, item in enumerate(items) if item is None)
        for place, pixels in zip(left, images, strict=True):
            items[place] = NamedImage(names[place], pixels)
    found = [item for item in items if item is not None]
    if _check(found) != directory.check:
        raise ArchiveError("the decoded images differ from those that were coded; the model may be another one.")
    return found


def _require_readable(items: Sequence[NamedImage]) -> None:
    """Check the limits that `Directory.from_bytes` checks."""
    if not 0 < len(items) <= MOST_IMAGES:
        raise DataError(f"expected 1 to {MOST_IMAGES} images for a chunk; got {len(items)}")
    for item in items:
        if item.size > MOST_NUMBERS:
            raise DataError(
                f"{item.name!r:.200} is too large for an archive: expected {MOST_NUMBERS:,} numbers or bytes at most; "
                f"it has {item.size:,}. Leave it out."
            )
        if item.pixels is not None and not item.pixels.size:
            raise DataError(f"{item.name!r:.200} has no pixels: its shape is {item.pixels.shape}.")
    if sum(item.size for item in items) > MOST_NUMBERS:
        raise DataError(f"expected a chunk of {MOST_NUMBERS:,} numbers at most. Use fewer images for each chunk.")


def _codable(model: CodecModel, pixels: UInt8) -> bool:
    if pixels.shape != model.shape:
        return False
    return not model.two_levels or bool(((pixels == 0) | (pixels == 255)).all())


def _plain_bits(model: CodecModel, images: UInt8) -> NDArray[np.int64]:
    """About how many bits each image takes without the model, `(n,)`: compressed by zlib, one by one."""
    if model.two_levels:
        return np.array([8 * len(zlib.compress(np.packbits(image).tobytes(), 1)) for image in images], np.int64)
    return np.array([8 * len(zlib.compress(image.tobytes(), 1)) for image in images], np.int64)


def _file_sizes(items: Sequence[NamedImage]) -> list[float]:
    """About how many bytes each image's file adds to the files of the others; infinite if there is none."""
    sizes: list[float] = []
    neighbour = b""
    for item in items:
        sizes.append(math.inf if item.file is None else shared_size(item.file, neighbour))
        neighbour = item.file or neighbour
    return sizes


def _check(items: Sequence[NamedImage]) -> int:
    """CRC-32 over all pixels and files, in order."""
    crc = 0
    for item in items:
        crc = zlib.crc32(item.file if item.pixels is None else np.ascontiguousarray(item.pixels), crc)  # type: ignore[arg-type]
    return crc
