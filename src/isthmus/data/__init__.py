"""Images in: from names, files, folders and arrays to batches, in an order that a seed fixes."""

import difflib
from pathlib import Path
from typing import TypeAlias

from numpy.typing import ArrayLike

from isthmus.data.arrays import as_source
from isthmus.data.batches import Batch, TrainingBatches, evaluation_batches
from isthmus.data.catalogue import DATASETS, NamedSet, cache_folder, is_named, open_named
from isthmus.data.files import open_path
from isthmus.data.images import (
    ArraySource,
    ImageArray,
    ImageSet,
    ImageSource,
    ImageSpec,
    PixelType,
    Selection,
    select,
    split_by_content,
)
from isthmus.data.plan import BatchPlan
from isthmus.data.sprites import FACTORS, SHAPES, Sprites, draw_sprites, sprites
from isthmus.errors import DataError, UsageError

__all__ = [
    "DATASETS",
    "FACTORS",
    "SHAPES",
    "ArraySource",
    "Batch",
    "BatchPlan",
    "Data",
    "ImageArray",
    "ImageSet",
    "ImageSource",
    "ImageSpec",
    "NamedSet",
    "PixelType",
    "Selection",
    "Sprites",
    "TrainingBatches",
    "as_source",
    "cache_folder",
    "draw_sprites",
    "evaluation_batches",
    "open_images",
    "select",
    "split_by_content",
    "sprites",
]

Data: TypeAlias = str | Path | ArrayLike | tuple[ArrayLike, ArrayLike] | ImageSource | ImageSet
"""Whatever `open_images` opens."""


def open_images(data: Data, dtype: PixelType = "uint8") -> ImageSet:
    """Open images, whatever they are given as.

    Args:
        data: A string is a named set (`"mnist"`), or else a path: a folder of images, a folder of MNIST's files, an
            `.npy`, `.npz` or IDX file, or one image.  Behind either, `:train` or `:test` picks a split.  A `Path` is a
            path, even where a named set has its name.  Besides: an array `(n, height, width)` or `(n, height, width,
            channels)`; a pair `(images, labels)`; a source; a set.
        dtype: The type of the images that the set gives: `"uint8"`, 0 to 255, or `"float32"`, 0 to 1.

    Returns:
        The set.  Where the data has no test images, or one split was picked, its `test` is None.

    Raises:
        UsageError: If there is no such set, path or split name, or a source or set is of another type than `dtype`.
        DataError: If the images are damaged, missing or not what images are.
        StorageError: If a download cannot be stored.
    """
    match data:
        case str():
            return _open_text(data, dtype)
        case Path():
            return open_path(data.expanduser(), dtype)
        case ImageSet():
            return _of_type(data, dtype)
        case ArraySource() | Selection():
            return _of_type(ImageSet("images", data), dtype)
        case (images, labels) if isinstance(data, tuple):
            return ImageSet("images", as_source(images, labels, dtype=dtype))
        case _:
            return ImageSet("images", as_source(data, dtype=dtype))  # type: ignore[arg-type]


def _open_text(text: str, dtype: PixelType) -> ImageSet:
    if is_named(text):
        return open_named(text, dtype)
    if text and (path := Path(text).expanduser()).exists():
        return open_path(path, dtype)
    base, colon, split = text.rpartition(":")
    if colon and (is_named(base) or (base and Path(base).expanduser().exists())):
        if split not in ("train", "test"):
            raise UsageError(f"expected '{base}:train' or '{base}:test'; got '{text}'")
        return _pick(_open_text(base, dtype), split)
    near = difflib.get_close_matches(text.rpartition(":")[0] or text, DATASETS, n=1)
    raise UsageError(
        f"no data set or path '{text}'{f'; did you mean {near[0]!r}?' if near else '.'} "
        f"Expected a named data set ({', '.join(DATASETS)}), a folder of images, an .npy, .npz or IDX file, or an image"
    )


def _pick(images: ImageSet, split: str) -> ImageSet:
    chosen = images.train if split == "train" else images.test
    if chosen is None:
        raise DataError(f"'{images.name}' has no test images: it is not split. Use it without ':test'")
    return ImageSet(f"{images.name}:{split}", chosen)


def _of_type(images: ImageSet, dtype: PixelType) -> ImageSet:
    if images.spec.dtype != dtype:
        raise UsageError(
            f"expected {dtype} images; '{images.name}' has {images.spec.dtype}. Make it with dtype='{dtype}'"
        )
    return images
