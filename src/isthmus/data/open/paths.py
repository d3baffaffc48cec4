"""What lies at a path: a collection of images, or arrays."""

from pathlib import Path

from isthmus.data.arrays import NUMPY_SUFFIXES, Labelled, as_set, read_numpy
from isthmus.data.decode.conversion import Conversion
from isthmus.data.decode.entries import Collection, holds_image
from isthmus.data.decode.loader import open_collection
from isthmus.data.named.idx import has_splits, is_idx, read_labelled, read_splits
from isthmus.data.open.archives import TAR_SUFFIXES, ZIP_SUFFIXES, ImageArchive, is_archive
from isthmus.data.open.folders import Folder, SingleFile
from isthmus.data.open.hub import HuggingFace, is_saved_dataset
from isthmus.data.open.tables import TABLE_SUFFIXES, ImageTable
from isthmus.data.sets import ImageSet
from isthmus.data.source import PixelType
from isthmus.errors import DataError, UsageError

KINDS = (
    f"a folder of images, an archive ({', '.join((*ZIP_SUFFIXES, *TAR_SUFFIXES[:3]))}), a .csv or .parquet table, "
    "an .npy, .npz or IDX file, or an image"
)
"""What can lie at a path, in words."""


def open_path(
    path: Path,
    dtype: PixelType = "uint8",
    preprocessing: Conversion = None,
    exact: bool = False,
    bits: int | None = None,
) -> ImageSet:
    """Open whatever lies at a path.

    Args:
        path: What to open; the set takes its name.
        dtype: The type of the images that the set gives.
        preprocessing: What image files are to become.
        exact: Whether to refuse arrays of floats that would be rounded.
        bits: How many bits are in use of arrays of 16 bits; None for as few as hold their numbers.

    Raises:
        UsageError: If there is no such path.
        DataError: If what lies there is of no kind that is known, damaged or no images, or would be rounded.
        StorageError: If it has to be packed, and the cache has no room.
    """
    collection = collection_at(path)
    if collection is not None:
        return open_collection(collection, dtype, preprocessing)
    name, train, test = _read_arrays(path)
    try:
        return as_set(name, train, test, dtype, exact, bits)
    except DataError as error:
        raise DataError(f"'{path}': {error}") from error


def collection_at(path: Path) -> Collection | None:
    """The collection of image files at a path; None where arrays lie there.

    Raises:
        UsageError: If there is no such path.
        DataError: If what lies there is of no kind that is known.
    """
    try:
        if path.is_dir():
            if is_saved_dataset(path):
                return HuggingFace(path)
            return None if has_splits(path) else Folder(path)
        if not path.exists():
            raise UsageError(f"no such file or folder: '{path}'")
        if not path.is_file():
            raise DataError(f"'{path}' is no file, but a device or a pipe. Save what comes of it to a file first")
    except (OSError, ValueError) as error:
        raise DataError(f"'{path}' cannot be opened: {error}") from error
    suffix = path.suffix.lower()
    if suffix in NUMPY_SUFFIXES:
        return None
    if is_archive(path):
        return ImageArchive(path)
    if suffix in TABLE_SUFFIXES:
        return ImageTable(path)
    if holds_image(path):
        return SingleFile(path)
    # By name too, so that an IDX file cut down to nothing is told as what it should have been.
    if not (is_idx(path) or "-ubyte" in path.name):
        raise DataError(f"'{path}' is nothing that isthmus reads: expected {KINDS}")
    return None


def _read_arrays(path: Path) -> tuple[str, Labelled, Labelled | None]:
    """The name of the arrays at a path, the training images and labels, and the test images and labels or None."""
    if path.is_dir():
        return path.resolve().name, *read_splits(path)
    if path.suffix.lower() in NUMPY_SUFFIXES:
        return path.stem, *read_numpy(path)
    return path.name.split(".")[0], read_labelled(path), None
