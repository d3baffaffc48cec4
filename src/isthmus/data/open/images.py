"""From whatever a user names to a set of images."""

import difflib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

from numpy.typing import ArrayLike

from isthmus.data.arrays import as_set
from isthmus.data.decode.conversion import Conversion
from isthmus.data.decode.entries import Collection
from isthmus.data.decode.layout import empty_split
from isthmus.data.decode.loader import open_collection
from isthmus.data.decode.pack import PackedSource
from isthmus.data.images import ArraySource, Selection
from isthmus.data.named.catalogue import DATASETS, is_named, open_named
from isthmus.data.open.folders import Pattern, is_pattern
from isthmus.data.open.hub import PREFIX, HuggingFace
from isthmus.data.open.iterables import DataSet, is_data_set
from isthmus.data.open.paths import KINDS, collection_at, open_path
from isthmus.data.preprocessing import ImageOptions, Preprocessing
from isthmus.data.sets import ImageSet
from isthmus.data.source import ImageSource, PixelType
from isthmus.errors import UsageError

Data: TypeAlias = str | Path | ArrayLike | tuple[ArrayLike, ArrayLike] | ImageSource | ImageSet | Any
"""Whatever `open_images` opens."""


def open_images(
    data: Data, dtype: PixelType = "uint8", preprocessing: Conversion = None, exact: bool = False
) -> ImageSet:
    """Open images, whatever they are given as.

    Args:
        data: A string is a named set (`"mnist"`); the name of a data set on the Hugging Face hub behind `hf:`; or else
            a path: a folder of images, a zip or tar archive of one, a CSV or Parquet table of paths and labels, a
            folder that `datasets` saved, a folder of MNIST's files, an `.npy`, `.npz` or IDX file, one image, or a
            pattern such as `"photos/**/*.jpg"`.  Behind each, `:train` or `:test` picks a split.  A `Path` is a path,
            even where a named set has its name.  Besides: an array `(n, height, width)` or `(n, height, width,
            channels)`; a pair `(images, labels)`; a PyTorch `Dataset`, a `tf.data.Dataset`, or what looks like one; a
            source; a set.
        dtype: The type of the images that the set gives: `"uint8"`, 0 to 255, or `"float32"`, 0 to 1.
        preprocessing: What image files become: a `Preprocessing`, as a run has it, or `ImageOptions`; by default what
            suits them.  Arrays are taken as they are.
        exact: Whether to refuse arrays of floats that `"uint8"` would round, as those that are no whole levels are.

    Returns:
        The set.  Where the data has no test images, or one split was picked, its `test` is None.

    Raises:
        UsageError: If there is no such set, path or split name, a source or set is of another type than `dtype`, or
            arrays are asked to become something else.
        DataError: If the images are damaged, missing or not what images are, or would be rounded though they have to be
            exact.
        StorageError: If a download or a pack cannot be stored.
    """
    target, split = locate(data)
    bits = preprocessing.bits if isinstance(preprocessing, Preprocessing) else None
    if isinstance(target, NamedData):
        images = open_named(target.name, dtype)
    elif isinstance(target, Path):
        images = open_path(target, dtype, exact=exact, bits=bits)
    elif isinstance(target, ImageSet):
        images = _of_type(target, dtype)
    elif isinstance(target, ArraySource | Selection | PackedSource):
        images = _of_type(ImageSet("images", target), dtype)
    elif isinstance(target, ArrayData):
        images = as_set("images", (target.images, target.labels), None, dtype, exact, bits)
    else:
        images = open_collection(target, dtype, preprocessing)
    if images.origin is None and isinstance(preprocessing, ImageOptions) and preprocessing:
        raise UsageError(
            f"'{images.name}' holds arrays of {images.spec}, which are taken as they are: size, fit, channels and "
            "background are for image files"
        )
    return images if split is None else _pick(images, split)


@dataclass(frozen=True)
class NamedData:
    """A data set that has a name."""

    name: str


@dataclass(frozen=True, eq=False)
class ArrayData:
    """Images in an array, and their labels, if any."""

    images: ArrayLike
    labels: ArrayLike | None = None


Target: TypeAlias = NamedData | ArrayData | ImageSet | ArraySource | Selection | PackedSource | Path | Collection


def locate(data: Data) -> tuple[Target, str | None]:
    """Find what a user names, without opening it: the images, and the split that was picked.

    A `Path` that is returned holds arrays; image files at other paths are a collection.

    Raises:
        UsageError: If there is no such set, path or split name.
        DataError: If what lies at a path is of no kind that is known.
    """
    match data:
        case str():
            return _locate_text(data)
        case os.PathLike():
            path = at_home(Path(data))
            return collection_at(path) or path, None
        case ImageSet() | ArraySource() | Selection() | PackedSource():
            return data, None
        case (images, labels) if isinstance(data, tuple):
            return ArrayData(images, labels), None
        case _ if is_data_set(data):
            return DataSet(data), None
        case _:
            return ArrayData(cast("ArrayLike", data)), None


def _locate_text(text: str) -> tuple[Target, str | None]:
    found = _whole(text)
    if found is not None:
        return found, None
    base, colon, split = text.rpartition(":")
    if colon and (target := _whole(base)) is not None:
        if split not in ("train", "test"):
            raise UsageError(f"expected '{base}:train' or '{base}:test'; got '{text}'")
        return target, split
    near = difflib.get_close_matches(text.rpartition(":")[0] or text, DATASETS, n=1)
    raise UsageError(
        f"no data set or path '{text}'{f'; did you mean {near[0]!r}?' if near else '.'} "
        f"Expected a named data set ({', '.join(DATASETS)}), {KINDS}"
    )


def _whole(text: str) -> Target | None:
    if is_named(text):
        return NamedData(text)
    if text.startswith(PREFIX) and ":" not in (name := text.removeprefix(PREFIX)) and name:
        return HuggingFace(name)
    path = at_home(Path(text))
    if text and _exists(path):
        return collection_at(path) or path
    return Pattern(text) if is_pattern(text) and not text.endswith((":train", ":test")) else None


def at_home(path: Path) -> Path:
    """The path with `~` spelled out."""
    try:
        return path.expanduser()
    except RuntimeError:  # `~name` of an unknown user
        return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or has a zero byte in it
        return False


def _pick(images: ImageSet, split: str) -> ImageSet:
    chosen = images.train if split == "train" else images.test
    if chosen is None or not len(chosen):
        raise empty_split(split, images.name)
    return replace(images, name=f"{images.name}:{split}", train=chosen, test=None)


def _of_type(images: ImageSet, dtype: PixelType) -> ImageSet:
    if images.spec.dtype != dtype:
        raise UsageError(
            f"expected {dtype} images; '{images.name}' has {images.spec.dtype}. Make it with dtype='{dtype}'"
        )
    return images
