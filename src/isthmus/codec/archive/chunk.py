"""A chunk of an archive: some images, coded or escaped, with their names; readable by itself."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.archive.directory import MOST_IMAGES, MOST_NUMBERS, Directory, directory_size
from isthmus.codec.archive.escape import (
    Escaped,
    Shape,
    by_shape,
    pack_files,
    pack_pixels,
    shared_size,
    split,
    unpack_files,
    unpack_pixels,
)
from isthmus.codec.model.codec_model import CodecModel
from isthmus.errors import ArchiveError, DataError

UInt8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class NamedImage:
    """An image on its way into an archive or out of it.

    Attributes:
        name: A relative path, with `/` between its parts.
        pixels: uint8 `(height, width, channels)`; None for a file that is kept as it is.
        file: The file's bytes, if it is; of an image on its way in, those that may be kept instead of its pixels.
    """

    name: str
    pixels: UInt8 | None = None
    file: bytes | None = None

    @property
    def size(self) -> int:
        """The numbers in it, and the bytes."""
        return len(self.file or b"") + (0 if self.pixels is None else self.pixels.size)


@dataclass(frozen=True)
class Tally:
    """How many images were coded, and in how many bits.

    Attributes:
        images: All.
        coded: Those that the model coded.
        coded_numbers: The numbers in those.
        coded_bits: What they take on the stack, the initial bits among them.
        initial_bits: What a first image needs to begin with.
        escaped_bytes: What the others take.
        poor: Images of a kind that the model codes, but so poorly that they are smaller without it.
        numbers: The numbers in all images whose pixels are known.
        files: The others, which are kept as files.
        smaller: Images whose pixels are known, but that are kept as the files that they came in: these are smaller.
    """

    images: int = 0
    coded: int = 0
    coded_numbers: int = 0
    coded_bits: int = 0
    initial_bits: int = 0
    escaped_bytes: int = 0
    poor: int = 0
    numbers: int = 0
    files: int = 0
    smaller: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def encode_chunk(model: CodecModel, items: Sequence[NamedImage], first: int) -> tuple[bytes, Tally]:
    """Code some images as a chunk: each by the model, without it or as its file, whichever is the smallest.

    Args:
        model: What codes them.
        items: The images, at most `MOST_IMAGES`.
        first: The number of the first of them in the archive.

    Returns:
        The chunk, and what it took.

    Raises:
        DataError: If what it would hold could not be read again.
    """
    _require_readable(items)
    file_sizes = _file_sizes(items)
    codable: list[tuple[int, UInt8]] = []
    others: list[tuple[int, UInt8]] = []
    for place, item in enumerate(items):
        if item.pixels is not None:
            (codable if _codable(model, item.pixels) else others).append((place, item.pixels))
    poorly = set[int]()
    words, blocks, initial = np.empty(0, np.uint32), list[int](), 0
    if codable:
        images = np.stack([pixels for _, pixels in codable])
        posterior = model.coder.posterior(images)
        bits = model.coder.bits(images, posterior)
        worth = bits <= np.minimum(_plain_bits(model, images), [8 * file_sizes[place] for place, _ in codable])
        poorly = {place for (place, _), kept in zip(codable, worth, strict=True) if not kept}
        others += [entry for entry, kept in zip(codable, worth, strict=True) if not kept]
        codable = [entry for entry, kept in zip(codable, worth, strict=True) if kept]
        if codable:
            words, blocks, initial = model.coder.encode(images[worth], posterior[worth])
    smaller = {place for place, pixels in others if file_sizes[place] < len(pack_pixels(pixels[None]))}
    others = [entry for entry in others if entry[0] not in smaller]
    kept = [NamedImage(item.name, file=item.file) if place in smaller else item for place, item in enumerate(items)]
    files = [(place, item.file) for place, item in enumerate(kept) if item.pixels is None and item.file is not None]
    escaped, blobs = [], []
    for shape, group in by_shape(sorted(others, key=lambda entry: entry[0])).items():
        blobs.append(pack_pixels(np.stack([pixels for _, pixels in group])))
        escaped.append(Escaped(tuple(place for place, _ in group), shape, (len(blobs[-1]),)))
    if files:
        contents = [content for _, content in files]
        packed = pack_files(contents)
        blobs += contents if packed is None else [packed]
        sizes = tuple(map(len, contents))
        escaped.append(
            Escaped(tuple(place for place, _ in files), None, sizes, None if packed is None else len(packed))
        )
    names = [item.name for item in items]
    directory = Directory(first, names, tuple(blocks), len(words), tuple(escaped), _check(kept))
    content = b"".join([directory.to_bytes(), words.astype("<u4").tobytes(), *blobs])
    tally = Tally(
        len(items),
        len(codable),
        len(codable) * model.dims,
        32 * len(words),
        initial,
        sum(map(len, blobs)),
        len(poorly - smaller),
        sum(item.pixels.size for item in items if item.pixels is not None),
        sum(item.pixels is None for item in items),
        len(smaller),
    )
    return content, tally


def decode_chunk(model: CodecModel | None, content: bytes, shape: Shape) -> list[NamedImage]:
    """Give back the images of a chunk.

    Args:
        model: The model that coded them; not needed where it coded none.
        content: The chunk.
        shape: Height, width and channels of the images that the model codes.

    Raises:
        ArchiveError: If it is damaged, or of another model; nothing but the very images is ever given.
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
    """Hold images to the limits that `Directory.from_bytes` holds a chunk to."""
    if not 0 < len(items) <= MOST_IMAGES:
        raise DataError(f"expected 1 to {MOST_IMAGES} images for a chunk; got {len(items)}")
    for item in items:
        if item.size > MOST_NUMBERS:
            raise DataError(
                f"{item.name!r:.200} is too large for an archive, which takes {MOST_NUMBERS:,} numbers or bytes for an "
                f"image at most; it has {item.size:,}. Leave it out."
            )
        if item.pixels is not None and not item.pixels.size:
            raise DataError(f"{item.name!r:.200} has no pixels: its shape is {item.pixels.shape}.")
    if sum(item.size for item in items) > MOST_NUMBERS:
        raise DataError(f"the images of a chunk have {MOST_NUMBERS:,} numbers at most. Take fewer for each.")


def _codable(model: CodecModel, pixels: UInt8) -> bool:
    if pixels.shape != model.shape:
        return False
    return not model.two_levels or bool(((pixels == 0) | (pixels == 255)).all())


def _plain_bits(model: CodecModel, images: UInt8) -> NDArray[np.int64]:
    """About how many bits each image takes without the model, `(n,)`: in zlib, by itself."""
    if model.two_levels:
        return np.array([8 * len(zlib.compress(np.packbits(image).tobytes(), 1)) for image in images], np.int64)
    return np.array([8 * len(zlib.compress(image.tobytes(), 1)) for image in images], np.int64)


def _file_sizes(items: Sequence[NamedImage]) -> list[float]:
    """About how many bytes each item's file adds to those of the others; infinite where there is none."""
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
