"""Images to be archived, from any data."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.codec import CodecModel, NamedImage
from isthmus.codec.files.plain import CHANNELS, plain_pixels
from isthmus.data import Data, Skipped, batch_size_for, open_images
from isthmus.data.arrays import as_bytes
from isthmus.data.decode.entries import Collection, Content, Entry
from isthmus.data.decode.image_files import UnreadableError, upright
from isthmus.data.decode.layout import lay_out_collection
from isthmus.data.decode.tiff_pages import Bands
from isthmus.data.open.images import locate
from isthmus.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image


class Intake:
    """Images to be archived, unchanged.

    Plain image files of the model's shape are read as pixels, together with the file; others as files.

    Args:
        model: The model that will code them.
        data: The data.
        threshold: Whether to binarise the images.

    Attributes:
        skipped: Files that could not be read.
        grey: Images that have more levels than the model codes.
        files: Images that are read as files only.
        input_bytes: The bytes of all files, or of the images of an array.
        left_out: Training images of a set that has test images.

    Raises:
        UsageError: If there is no such data.
        DataError: If the images are damaged, or floats that are not levels of 8 bits.
    """

    def __init__(self, model: CodecModel, data: Data, threshold: bool) -> None:
        self._model, self._threshold = model, threshold
        self._target, self._split = locate(data)
        self.skipped: list[Skipped] = []
        self.grey = 0
        self.files = 0
        self.input_bytes = 0
        self.left_out = 0
        self._source = None
        if not isinstance(self._target, Collection):
            images = open_images(data, "uint8", exact=True)
            self._source = images.test or images.train
            self.left_out = 0 if images.test is None else len(images.train)

    @property
    def count(self) -> int | None:
        """The number of images; None for files, which are counted as they are read."""
        return None if self._source is None else len(self._source)

    def items(self) -> Iterator[NamedImage]:
        """The images, in order.

        Raises:
            DataError: If an archive could not give one of a data set back exactly.
        """
        yield from self._from_array() if self._source is not None else self._from_entries()

    def _from_array(self) -> Iterator[NamedImage]:
        assert self._source is not None
        names = self._source.names
        self.input_bytes += len(self._source) * self._source.spec.dims
        size = batch_size_for(self._source.spec.dims)
        for start in range(0, len(self._source), size):
            images = self._source.read(np.arange(start, min(start + size, len(self._source))))
            for offset, pixels in enumerate(images):
                yield NamedImage(names[start + offset], self._binarised(np.asarray(pixels, np.uint8)))

    def _from_entries(self) -> Iterator[NamedImage]:
        assert isinstance(self._target, Collection)
        for entry in self._target.entries() if self._split is None else _part(self._target, self._split):
            if isinstance(entry, Skipped):
                self.skipped.append(entry)
                continue
            try:
                content = entry.load()
            except UnreadableError as fault:
                self.skipped.append(Skipped(entry.name, str(fault)))
                continue
            yield self._item(entry.name, content)

    def _item(self, name: str, content: Content) -> NamedImage:
        assert not isinstance(content, Bands), "an entry of a file is the file"
        if not isinstance(content, bytes):
            opened = _opened_pixels(name, content)
            self.input_bytes += opened.size
            return NamedImage(name, self._binarised(opened))
        self.input_bytes += len(content)
        pixels = plain_pixels(content, self._model.shape)
        if pixels is None:
            self.files += 1
            return NamedImage(name, file=content)
        # The file may be stored instead of the pixels, unless these are changed.
        return NamedImage(name, self._binarised(pixels), None if self._threshold else content)

    def _binarised(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not self._model.two_levels or pixels.shape != self._model.shape:
            return pixels
        if self._threshold:
            return self._model.binarised(pixels)
        self.grey += not bool(((pixels == 0) | (pixels == 255)).all())
        return pixels


def _part(collection: Collection, split: str) -> Iterator[Entry | Skipped]:
    """The entries of a split, as `open_images` picks them."""
    entries = [entry for entry in collection.entries() if isinstance(entry, Entry)]
    labels, splits = [entry.label for entry in entries], [entry.split for entry in entries]
    layout = lay_out_collection(collection, [entry.name for entry in entries], labels, splits)
    chosen = iter(layout.of_split(split, collection.name))
    for entry in collection.entries():
        if isinstance(entry, Skipped) or next(chosen):
            yield entry


def _opened_pixels(name: str, content: "NDArray[Any] | Image") -> NDArray[np.uint8]:
    """The pixels `(h, w, c)` of an array, or of an image that is open already.

    Raises:
        DataError: If an archive could not give them back exactly.
    """
    try:
        pixels = content if isinstance(content, np.ndarray) else _upright_pixels(content)
        return as_bytes(pixels if pixels.ndim == 3 else pixels[..., np.newaxis], exact=True)
    except DataError as fault:
        raise DataError(f"image {name!r}: {fault}") from None


def _upright_pixels(image: "Image") -> NDArray[Any]:
    if image.mode not in CHANNELS or "transparency" in image.info:
        also = " with a transparent colour" if image.mode in CHANNELS else ""
        raise DataError(
            f"expected pixels of 8 bits without a palette; it has Pillow's mode {image.mode!r}{also}. Convert it to L, "
            "RGB or RGBA"
        )
    turned = upright(image)
    return np.asarray(turned.convert("L") if turned.mode == "1" else turned)
