"""Images from a path, whatever lies there."""

from pathlib import Path

from isthmus.data.arrays import as_source, open_array
from isthmus.data.folders import SUFFIXES, open_folder, open_image
from isthmus.data.idx import has_splits, is_idx, open_idx, read_splits
from isthmus.data.images import ImageSet, PixelType
from isthmus.errors import DataError, UsageError


def open_path(path: Path, dtype: PixelType = "uint8") -> ImageSet:
    """Open a folder of images, a folder of MNIST's files, an `.npy`, `.npz` or IDX file, or one image.

    Args:
        path: What to open; the set takes its name.
        dtype: The type of the images that the set gives.

    Raises:
        UsageError: If there is no such path.
        DataError: If what lies there is of no kind that is known, damaged or no images.
    """
    if path.is_dir():
        return _open_idx_folder(path, dtype) if has_splits(path) else open_folder(path, dtype)
    if not path.exists():
        raise UsageError(f"no such file or folder: '{path}'")
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        return open_array(path, dtype)
    if suffix in SUFFIXES:
        return open_image(path, dtype)
    # By name too, so that an IDX file cut down to nothing is told as what it should have been.
    if is_idx(path) or "-ubyte" in path.name:
        return open_idx(path, dtype)
    raise DataError(
        f"'{path}' is nothing that isthmus reads: expected a folder of images, an .npy, .npz or IDX file, "
        f"or an image ({', '.join(sorted(SUFFIXES))}). Unpack an archive first"
    )


def _open_idx_folder(folder: Path, dtype: PixelType) -> ImageSet:
    train, test = read_splits(folder)
    try:
        return ImageSet(
            folder.resolve().name,
            as_source(*train, dtype=dtype),
            None if test is None else as_source(*test, dtype=dtype),
        )
    except DataError as error:
        raise DataError(f"'{folder}': {error}") from error
