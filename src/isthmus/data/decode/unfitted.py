"""The images of a collection one after the other, each at its own size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import as_source
from isthmus.data.decode.conversion import bits_of, notices_of_depth
from isthmus.data.decode.entries import Collection, Content
from isthmus.data.decode.image_files import header_of, read_header
from isthmus.data.decode.reader import Pixels, decoded_images, decoder
from isthmus.data.decode.survey import check_readable, survey
from isthmus.data.decode.tiff_pages import Bands
from isthmus.data.preprocessing import Preprocessing
from isthmus.data.sets import Skipped
from isthmus.data.source import ImageArray, PixelType


@dataclass(frozen=True, eq=False)
class UnfittedImages:
    """Images in the channels of a run, each at its own size.

    Attributes:
        name: What the data is called.
        names: A name for each, fit to be an output file's stem.
        sizes: Height and width of each, in pixels, `(n, 2)`.
        labels: The class of each by name; empty where they have no labels.
        left_out: The number of training images of data that has test images.
        skipped: Those that could not be read.
        notices: What its user should know, a sentence each without a full stop.
        pixels: Reads them in order: each `(height, width, channels)`, or why it cannot be read.
    """

    name: str
    names: tuple[str, ...]
    sizes: NDArray[np.int64]
    labels: tuple[str, ...]
    pixels: Callable[[], Iterator[ImageArray | Skipped]]
    left_out: int = 0
    skipped: tuple[Skipped, ...] = ()
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


def open_unfitted(
    collection: Collection, preprocessing: Preprocessing, dtype: PixelType, split: str | None = None
) -> UnfittedImages:
    """Open image files without a change of their size.

    Args:
        collection: The files.
        preprocessing: What they become but for the size: channels, background and range.
        dtype: The type of the pixels: uint8 from 0 to 255, or float32 from 0 to 1.
        split: `train` or `test`; by default the test images, or all where none are kept apart.

    Raises:
        DataError: If there are none, more than a few cannot be read, or the split is empty.
    """
    found = survey(collection)
    check_readable(len(found), found.skipped, collection.name)
    bits = bits_of(found, preprocessing)
    deep = dtype == "float32" and (bits or 8) > 8
    found, layout = found.arranged(collection)
    notices = (*layout.notices, *notices_of_depth(found, bits, collection.name, 1 if deep else 255))
    chosen = layout.of_split(split, collection.name)
    left_out = len(found) - int(chosen.sum()) if split is None else 0
    found, layout = found.keep(chosen, [*found.skipped, *layout.left_out]), layout.keep(chosen)
    labels: tuple[str, ...] = ()
    if layout.labels is not None and (layout.labels >= 0).all():
        labels = tuple(layout.class_names[label] if layout.class_names else str(label) for label in layout.labels)

    def convert(content: Content) -> Pixels:
        if isinstance(content, np.ndarray) and content.shape[2:] == (preprocessing.channels,):
            return decoder(None, bits, deep)(content)
        height, width = _size(content)
        return decoder(replace(preprocessing, height=height, width=width), bits, deep)(content)

    def pixels() -> Iterator[ImageArray | Skipped]:
        for image in decoded_images(collection, found, convert):
            yield image if isinstance(image, Skipped) else as_source(image[None], dtype=dtype, bits=bits).images[0]

    return UnfittedImages(
        collection.name, layout.names, found.sizes, labels, pixels, left_out, tuple(found.skipped), notices
    )


def _size(content: Content) -> tuple[int, int]:
    """Height and width of an image, upright."""
    if isinstance(content, Bands):
        content = content.pixels
    if isinstance(content, np.ndarray):
        return content.shape[0], content.shape[1]
    header = read_header(content) if isinstance(content, bytes) else header_of(content)
    return header.height, header.width
