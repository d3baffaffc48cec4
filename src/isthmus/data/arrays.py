"""Images from arrays, in memory and in NumPy's files."""

import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.depth import depth_notices, from_sixteen_bits, is_uint16, sixteen_bits_of
from isthmus.data.images import ArraySource
from isthmus.data.limits import MOST_CHANNELS, require_memory
from isthmus.data.sets import ImageSet
from isthmus.data.source import ImageArray, PixelType
from isthmus.errors import DataError

NUMPY_SUFFIXES = (".npy", ".npz")
_IMAGE_KEYS = ("x", "images")
_LABEL_KEYS = ("y", "labels")

Labelled: TypeAlias = tuple[ArrayLike, ArrayLike | None]
"""Images with their labels, or None."""


def as_source(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    dtype: PixelType = "uint8",
    exact: bool = False,
    bits: int | None = None,
) -> ArraySource:
    """Make a source of an array.

    Args:
        images: `(n, height, width)`, which is always grey, or `(n, height, width, channels)` of up to 16 channels.
            Whole numbers are from 0 to 255, or, as uint16 with any above that, of 10, 12, 14 or 16 bits; floats are
            from 0 to 1, booleans black and white.
        labels: `(n,)` whole numbers, taken as they are, or strings, numbered in sorted order.
        names: A name for each image; by default its number.
        dtype: What the source gives: `"uint8"` (floats become `round(255 x)`) or `"float32"` (whole numbers become
            `x / 255`).  An array that is so already is not copied.
        exact: Whether to refuse what `"uint8"` would round: floats that are no whole level, `k / 255`, and 16 bits.
        bits: How many bits are in use, of 16: `2**bits - 1` becomes 255 or 1.0; None for as few as hold these numbers.

    Raises:
        DataError: If the array is empty, of another rank, of a type that no image has or out of range, would be rounded
            though it has to be exact, or if labels or names do not fit it.
    """
    try:
        array = np.asarray(images)
    except ValueError as error:
        raise DataError(
            f"expected an array of images, all of one size; what was given makes no array ({error}). Bring the images "
            "to one size first, or give files in a folder, which are resized."
        ) from None
    if array.dtype == object and array.ndim == 0:
        raise DataError(
            f"expected images as an array, by a path, or as a data set with a length and items; got a "
            f"{type(images).__name__}. Of a DataLoader, give its data set: loader.dataset"
        )
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4:
        raise DataError(
            "expected images of shape (n, height, width) or (n, height, width, channels); "
            f"got {array.shape}. For one image add the first axis: images[np.newaxis]. For flat images give their "
            "sides back: images.reshape(-1, height, width)"
        )
    if 0 in array.shape:
        raise DataError(f"expected at least one image of at least one pixel; got an array of shape {array.shape}")
    if has_channels_first(array.shape):
        raise DataError(
            f"expected images of shape (n, height, width, channels); {array.shape} has its channels first. "
            "Move them: images.transpose(0, 2, 3, 1)"
        )
    if array.shape[3] > MOST_CHANNELS:
        raise DataError(
            f"expected images of at most {MOST_CHANNELS} channels; got {array.shape[3]} in an array of shape "
            f"{array.shape}. Choose some: images[..., :3]. If another axis has the channels, move it: "
            "np.moveaxis(images, 1, -1)"
        )
    pixels = _as_floats(array, bits) if dtype == "float32" else as_bytes(array, exact, bits)
    numbers, class_names = _as_labels(labels, len(pixels))
    return ArraySource(pixels, numbers, class_names, tuple(names) if names is not None else ())


def has_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether a shape that ends in `(height, width, channels)` rather seems to be `(channels, height, width)`."""
    return shape[-3] in (1, 3) and shape[-1] > 4


def has_channels_last(shape: tuple[int, ...]) -> bool:
    """Whether a shape that ends in `(channels, height, width)` rather seems to be `(height, width, channels)`."""
    return shape[-1] in (1, 3) and shape[-3] > 4


def as_set(
    name: str,
    train: Labelled,
    test: Labelled | None = None,
    dtype: PixelType = "uint8",
    exact: bool = False,
    bits: int | None = None,
) -> ImageSet:
    """Make a set of arrays, which are scaled alike where they have 16 bits.

    Args:
        name: What the set is called.
        train: Images to train on, and their labels or None.
        test: The same to test on, if there are any.
        dtype: As `as_source` takes it, and `exact` too.
        exact: The same.
        bits: How many bits are in use of 16, as a run says; None for as few as hold the numbers of both.

    Raises:
        DataError: As `as_source` does.
    """
    used = max((found for images, _ in (train, test or train) if (found := sixteen_bits_of(images))), default=None)
    bits = bits or used
    parts = (None if part is None else as_source(*part, dtype=dtype, exact=exact, bits=bits) for part in (train, test))
    first, second = parts
    top = 255 if dtype == "uint8" else 1
    assert first is not None
    return ImageSet(name, first, second, bits=bits, notices=tuple(depth_notices(name, used, bits, top)))


def read_numpy(path: Path) -> tuple[Labelled, Labelled | None]:
    """Read the training images and labels of an `.npy` or `.npz` file, and the test images and labels or None.

    An `.npz` file holds `x` or `images`, and `y` or `labels` if there are labels; or, as Keras has them, `x_train`,
    `y_train`, `x_test` and `y_test`.  An `.npy` file is read when its images are, so it may be larger than the memory.

    Raises:
        DataError: If the file is damaged, holds pickled objects or no images under a name that is known, or the arrays
            of an `.npz` file take more than the memory that is allowed.
    """
    archive = _load(path)
    if path.suffix.lower() == ".npy":
        return (archive, None), None
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise DataError(f"'{path}' is named .npz and is none: it holds a single array. Rename it to .npy")
    assert archive.zip is not None  # until it is closed
    # No more is read of a member than its entry says.
    sizes: Counter[str] = Counter()
    for info in archive.zip.infolist():
        sizes[info.filename.removesuffix(".npy")] += info.file_size
    taken = 0
    with archive:

        def read(*keys: str) -> NDArray[Any] | None:
            nonlocal taken
            key = next((key for key in keys if key in archive), None)
            if key is None:
                return None
            taken += sizes[key]
            require_memory(taken, f"'{path}', unpacked,")
            array: NDArray[Any] = _guarded(path, lambda: archive[key])
            return array

        if (images := read("x_train")) is not None:
            held_back = read("x_test")
            test = None if held_back is None else (held_back, read("y_test"))
            return (images, read("y_train")), test
        if (images := read(*_IMAGE_KEYS)) is not None:
            return (images, read(*_LABEL_KEYS)), None
        raise DataError(
            f"expected an array 'x', 'images' or 'x_train' in '{path}'; it holds "
            f"{', '.join(repr(key) for key in archive) or 'nothing'}. Save it as np.savez(path, images=..., labels=...)"
        )


def _load(path: Path) -> Any:
    def load() -> Any:
        with path.open("rb") as file:
            if file.read(2) == b"PK":  # NumPy leaves a file open that is no whole archive
                zipfile.ZipFile(file).close()
        # `.npz` members cannot be mapped; NumPy reads each when it is asked for.
        return np.load(path, mmap_mode="r", allow_pickle=False)

    return _guarded(path, load)


def _guarded(path: Path, load: Any) -> Any:
    """Load, and say what is wrong with the file if that fails."""
    try:
        return load()
    except Exception as error:  # NumPy parses a header as Python: a damaged one raises nearly anything
        if "pickle" in str(error) or "Python objects" in str(error):
            raise DataError(
                f"'{path}' holds pickled Python objects, which can run code when they are read, so they are not. "
                "Save plain numbers instead: np.save(path, np.stack(images))"
            ) from error
        raise DataError(f"'{path}' is damaged, or no NumPy file: {error}") from error


def as_bytes(array: NDArray[Any], exact: bool = False, bits: int | None = None) -> NDArray[np.uint8]:
    """Make numbers uint8: floats, whole numbers and booleans, as `as_source` takes them; the shape is any.

    Raises:
        DataError: If they are of another type, or out of range; if they are no levels of 8 bits and have to be `exact`.
    """
    kind = array.dtype.kind
    if kind == "f":
        _check_floats(array)
        levels = np.rint(array * (np.float32(255) if array.itemsize < 8 else 255.0)).astype(np.uint8)
        if exact:
            _check_levels(array, levels)
        return levels
    if exact and sixteen_bits_of(array):
        raise DataError(
            "expected levels of 8 bits; the array uses 16, which would not come back as they are. Round them, if they "
            "may be rounded: np.rint(images / 257).astype(np.uint8)"
        )
    return _check_whole(array, bits)


def _as_floats(array: NDArray[Any], bits: int | None) -> ImageArray:
    if array.dtype.kind == "f":
        _check_floats(array)
        return array.astype(np.float32, copy=False)
    if is_uint16(array) and (used := bits or sixteen_bits_of(array)):
        scaled: NDArray[np.float32] = array.astype(np.float32) / np.float32((1 << used) - 1)
        return np.minimum(scaled, np.float32(1), out=scaled)
    return _check_whole(array).astype(np.float32) / np.float32(255)


def _check_floats(array: NDArray[Any]) -> None:
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        count = int(array.size - np.count_nonzero(np.isfinite(array)))
        raise DataError(f"expected floats from 0 to 1; {count} of {array.size} numbers are NaN or infinite")
    if low < 0.0 or high > 1.0:
        cure = "Divide by 255" if low >= 0.0 and high <= 255.0 else "Scale them into that range"
        raise DataError(f"expected floats from 0 to 1; found {low:g} to {high:g}. {cure}")


def _check_levels(array: NDArray[Any], levels: NDArray[np.uint8]) -> None:
    """Check that floats from 0 to 1 are the levels, up to how their type rounds `k / 255`."""
    between = np.abs(array - levels / array.dtype.type(255)) > np.finfo(array.dtype).eps
    if count := np.count_nonzero(between):
        raise DataError(
            f"expected floats that are levels of 8 bits, k / 255; {count} of {array.size} lie between two, and would "
            "not come back as they are. Round them, if they may be rounded: np.rint(255 * images).astype(np.uint8)"
        )


def _check_whole(array: NDArray[Any], bits: int | None = None) -> NDArray[np.uint8]:
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "iu":
        raise DataError(f"expected images as whole numbers, floats or booleans; got an array of {array.dtype}")
    if is_uint16(array) and (used := bits or sixteen_bits_of(array)):
        return from_sixteen_bits(array, used)
    if array.dtype != np.uint8:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > 255:
            raise DataError(f"expected whole numbers from 0 to 255; found {low} to {high}. Scale them into that range")
    return array.astype(np.uint8, copy=False)


def _as_labels(labels: ArrayLike | None, count: int) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    if labels is None:
        return None, ()
    array = np.asarray(labels)
    if array.shape == (count, 1):  # as Keras has those of CIFAR-10
        array = array[:, 0]
    if array.shape != (count,):
        raise DataError(f"expected one label for each of {count} images; got labels of shape {array.shape}")
    if array.dtype.kind == "O" and all(isinstance(label, str) for label in array):
        array = array.astype(str)
    if array.dtype.kind in "US":
        classes, numbers = np.unique(array.astype(str), return_inverse=True)
        return numbers.astype(np.int64), tuple(str(name) for name in classes)
    whole = array.dtype.kind in "iub" or (
        array.dtype.kind == "f" and bool(np.isfinite(array).all() and (array == np.rint(array)).all())
    )
    if not whole:
        raise DataError(f"expected labels that are whole numbers or strings; got {array.dtype}")
    return array.astype(np.int64), ()
