"""A first look at all images of a collection: how many, how large, in colour or not, which twice, which not at all."""

import hashlib
from array import array
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.content import DIGEST_BYTES
from isthmus.data.decode.entries import Collection, Content, Entry
from isthmus.data.decode.image_files import Header, UnreadableError, brightest, header_of, read_header
from isthmus.data.decode.layout import Layout, lay_out_collection
from isthmus.data.decode.pages import each_image
from isthmus.data.decode.tiff_pages import Bands
from isthmus.data.depth import bits_in_use, sixteen_bits_of
from isthmus.data.sets import Skipped
from isthmus.errors import DataError
from isthmus.progress import progress_bar

SKIPPED_SHARE = 0.1
"""The share of the images that may be unreadable; with more, the data is not what its user thinks."""
_SHOWN_FROM = 2_000
"""Images from which on progress is shown."""


@dataclass
class Survey:
    """What a collection holds, image by image, in its order; unreadable ones are apart.

    Attributes:
        names: Their names.
        places: Where each stands among the images of the collection, from 0: names may be there twice.
        labels: Their classes where the collection has them, else None.
        splits: Their splits where the collection has them, else None.
        digests: A hash of each one's content, `DIGEST_BYTES` each, joined.
        heights: Of each.
        widths: Of each.
        channels: Of each: 1, 2 (grey with alpha), 3 or 4; of arrays, whatever they have.
        formats: Of each, as Pillow calls them.
        file_bytes: What the file of each takes.
        skipped: What could not be read.
        arrays: Whether any is an array of numbers.
        bands: The numbers of channels of pages that are neither grey nor in colour.
        bits: How many bits those of 16 use, files and arrays; None where there are none.
        deep_colours: How many files in colour have 16 bits a channel, of which the upper 8 are read.
        brightest_colour: The highest value of those.
    """

    names: list[str] = field(default_factory=list)
    places: "array[int]" = field(default_factory=lambda: array("q"))
    labels: list[str | int | None] = field(default_factory=list)
    splits: list[str | None] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    heights: "array[int]" = field(default_factory=lambda: array("l"))
    widths: "array[int]" = field(default_factory=lambda: array("l"))
    channels: "array[int]" = field(default_factory=lambda: array("l"))
    formats: list[str] = field(default_factory=list)
    file_bytes: "array[int]" = field(default_factory=lambda: array("q"))
    skipped: list[Skipped] = field(default_factory=list)
    arrays: bool = False
    bands: set[int] = field(default_factory=set)
    bits: int | None = None
    deep_colours: int = 0
    brightest_colour: int = 0

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Height and width of each, `(n, 2)`."""
        return np.stack([np.array(self.heights, np.int64), np.array(self.widths, np.int64)], axis=1)

    @property
    def source_bytes(self) -> int:
        """What all their files take."""
        return sum(self.file_bytes)

    @property
    def in_colour(self) -> int:
        """How many are more than grey."""
        return int(np.count_nonzero(np.array(self.channels) > 2))

    @property
    def copies(self) -> int:
        """How many are the same, byte for byte, as one before."""
        return len(self) - len(np.unique(self.contents))

    @property
    def contents(self) -> NDArray[np.void]:
        """The hash of each one's content, `(n,)`."""
        return np.frombuffer(bytes(self.digests), np.dtype((np.void, DIGEST_BYTES)))

    def digest(self, index: int) -> bytes:
        """The hash of one."""
        return bytes(self.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES])

    @property
    def uniform(self) -> bool:
        """Whether all have one size and one number of channels."""
        return all(len(set(column)) <= 1 for column in (self.heights, self.widths, self.channels))

    def keep(self, kept: NDArray[np.bool_], skipped: list[Skipped]) -> "Survey":
        """The same of some of the images; `skipped` is what could not be read, the others included."""
        columns: dict[str, Any] = {
            name: type(column)(column.typecode, compress(column, kept))
            if isinstance(column, array)
            else list(compress(column, kept))
            for name, column in vars(self).items()
            if isinstance(column, array | list) and name != "skipped"
        }
        return replace(self, **columns, digests=bytearray(self.contents[kept].tobytes()), skipped=skipped)

    def arranged(self, collection: Collection) -> tuple["Survey", Layout]:
        """The same survey without strays, and the splits, classes and names of its images.

        Raises:
            DataError: If `train` and `test` are not alone, or only some images of a split have labels.
        """
        layout = lay_out_collection(collection, self.names, self.labels, self.splits)
        if not layout.strays.any():
            return self, layout
        strays = [Skipped(name, "it lies outside the class folders") for name in compress(self.names, layout.strays)]
        kept = replace(layout.keep(~layout.strays), left_out=tuple(strays))
        return self.keep(~layout.strays, self.skipped), kept


def survey(collection: Collection) -> Survey:
    """Go through a collection once.

    Raises:
        DataError: If the collection itself cannot be read.
    """
    found, bar = Survey(), None
    with ExitStack() as stack:
        for place, entry in enumerate(each_image(collection)):
            if isinstance(entry, Skipped):
                found.skipped.append(entry)
            else:
                try:
                    _add(found, place, entry, entry.load())
                except UnreadableError as fault:
                    found.skipped.append(Skipped(entry.name, str(fault)))
            done = place + 1
            if done == _SHOWN_FROM:
                bar = stack.enter_context(progress_bar(f"looking through {collection.name}", None))
            if bar is not None and done % 100 == 0:
                bar.update(done)
    return found


def check_readable(found: int, skipped: list[Skipped], where: str) -> None:
    """Accept that a few images could not be read, but not many.

    Raises:
        DataError: If there are no images, or more than `SKIPPED_SHARE` of them could not be read.
    """
    if not found and not skipped:
        raise DataError(f"expected images in '{where}'; there are none")
    if not found and len(skipped) == 1:
        only = skipped[0]
        whose = "" if PurePath(only.name).stem == where else f" of '{where}'"
        raise DataError(f"'{only.name}'{whose} cannot be read as an image: {only.reason}. Repair it or take another")
    if len(skipped) > SKIPPED_SHARE * (found + len(skipped)):
        examples = "\n".join(f"  {item.name}: {item.reason}" for item in skipped[:5])
        raise DataError(
            f"{len(skipped)} of {found + len(skipped)} images of '{where}' cannot be read as images, and at most "
            f"{SKIPPED_SHARE:.0%} may be:\n{examples}\nRepair them or take them out; "
            "`isthmus inspect DATA` lists them all"
        )


def digest_of(content: Content) -> bytes:
    """A hash of a file's bytes, or of an array's shape, type and numbers."""
    if isinstance(content, bytes):
        return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()
    pixels = content.pixels if isinstance(content, Bands) else np.asarray(content)
    digest = hashlib.blake2b(f"{pixels.shape} {pixels.dtype.str}".encode(), digest_size=DIGEST_BYTES)
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.digest()


def _add(found: Survey, place: int, entry: Entry, content: Content) -> None:
    if isinstance(content, bytes):
        header = read_header(content)
        size = len(content)
    elif isinstance(content, Bands):
        height, width, channels = content.pixels.shape
        header = Header(height, width, channels > 2, False, "TIFF")
        size = content.pixels.nbytes
        if channels not in (1, 3) and not content.alpha:
            found.bands.add(channels)
        _note_bits(found, sixteen_bits_of(content.pixels))
    elif isinstance(content, np.ndarray):
        channels = content.shape[2] if content.ndim == 3 else 1
        height, width = content.shape[:2]
        header = Header(height, width, channels > 2, channels in (2, 4), "array")
        size = content.nbytes
        found.arrays = True
        _note_bits(found, sixteen_bits_of(content))
    else:
        header = header_of(content)
        size = header.height * header.width * (3 if header.colour else 1)
    if header.deep:
        assert not isinstance(content, np.ndarray | Bands)
        highest = brightest(content)
        if header.colour or header.alpha:
            found.deep_colours += 1
            found.brightest_colour = max(found.brightest_colour, highest)
        else:
            _note_bits(found, bits_in_use(highest))
    found.names.append(entry.name)
    found.places.append(place)
    found.labels.append(entry.label)
    found.splits.append(entry.split)
    found.digests += digest_of(content)
    found.heights.append(header.height)
    found.widths.append(header.width)
    found.channels.append(
        channels if isinstance(content, np.ndarray | Bands) else (3 if header.colour else 1) + int(header.alpha)
    )
    found.formats.append(header.format)
    found.file_bytes.append(size)


def _note_bits(found: Survey, bits: int | None) -> None:
    if bits is not None:
        found.bits = max(found.bits or 0, bits)
