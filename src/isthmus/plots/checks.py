"""Checks of the arrays and paths that every plot takes, with their error messages."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import UsageError

Images: TypeAlias = NDArray[np.uint8]
"""uint8 `(n, height, width, channels)`, with 1 (grey), 3 (RGB) or 4 (RGBA) channels."""

Codes: TypeAlias = NDArray[np.float32]
"""float32 `(n, d)`, in the latent's own units."""

Decode: TypeAlias = Callable[[Codes], Images]
"""A decoder, of a run or any other: codes to images, one for each."""


def as_images(images: ArrayLike, name: str = "images") -> Images:
    """Return `images` as a uint8 array `(n, height, width, channels)`, n ≥ 1.

    Raises:
        UsageError: If the dtype is not uint8, the shape is another, or there is no image.
    """
    array = np.asarray(images)
    if array.dtype != np.uint8:
        raise UsageError(
            f"expected `{name}` of dtype uint8, 0 to 255; got {array.dtype}. "
            "Scale floats first: np.rint(255 * images).astype('uint8')."
        )
    if array.ndim != 4 or array.shape[3] not in (1, 3, 4):
        raise UsageError(
            f"expected `{name}` of shape (n, height, width, channels) with 1, 3 or 4 channels; got {array.shape}. "
            "Grey images want a last axis: images[..., None]."
        )
    if 0 in array.shape:
        raise UsageError(f"expected at least one image in `{name}`; got shape {array.shape}. Give one or more.")
    return array


def as_codes(codes: ArrayLike, name: str = "codes") -> NDArray[np.float64]:
    """Return `codes` as a float64 array `(n, d)` of finite numbers, n ≥ 1 and d ≥ 1.

    Raises:
        UsageError: If the shape is another, or a number is not finite.
    """
    array = np.asarray(codes, dtype=np.float64)
    if array.ndim != 2 or 0 in array.shape:
        raise UsageError(f"expected `{name}` of shape (n, d), one row for each image; got {array.shape}. Reshape them.")
    _require_finite(array, name)
    return array


def as_vector(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return `values` as a float64 array `(k,)` of finite numbers, k ≥ 1.

    Raises:
        UsageError: If the shape is another, or a number is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise UsageError(
            f"expected `{name}` to be a vector of one or more numbers; got shape {array.shape}. Flatten it."
        )
    _require_finite(array, name)
    return array


def _require_finite(array: NDArray[np.float64], name: str) -> None:
    broken = int(np.count_nonzero(~np.isfinite(array)))
    if broken:
        raise UsageError(
            f"expected finite numbers in `{name}`; {broken} of {array.size} are infinite or not a number. "
            "Leave them out."
        )


def decoded(decode: Decode, codes: Codes) -> Images:
    """Decode `codes` float32 `(n, d)`, and hold `decode` to its contract: one uint8 image for each code.

    Raises:
        UsageError: If what came back is not uint8 `(n, height, width, channels)`.
    """
    images = as_images(decode(codes), "decode(codes)")
    if len(images) != len(codes):
        raise UsageError(
            f"expected one image for each of {len(codes)} codes from `decode`; got {len(images)}. "
            "Give a function that decodes whole batches."
        )
    return images


def as_labels(labels: ArrayLike | None, count: int) -> NDArray[np.int64] | None:
    """Return `labels` as int64 `(count,)`, or None as it is.

    Raises:
        UsageError: If they are not whole numbers, or not one for each of `count` images.
    """
    if labels is None:
        return None
    array = np.asarray(labels)
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer):
        raise UsageError(
            f"expected `labels` as {count} whole numbers, one for each image; got shape {array.shape} "
            f"of {array.dtype}. Give the class's number for each image, or None."
        )
    return array.astype(np.int64)


def class_title(label: int, class_names: Iterable[str] | None) -> str:
    """Name a class: its own name where there is one, else its number.

    Dollars are escaped, so that Matplotlib shows them as they are instead of reading mathematics.
    """
    names = list(class_names or ())
    return names[label].replace("$", r"\$") if 0 <= label < len(names) else str(label)


def choice(value: str, known: Iterable[str], name: str) -> str:
    """Return `value` if it is one of `known`.

    Raises:
        UsageError: If it is not; the message lists what is known.
    """
    options = list(known)
    if value not in options:
        raise UsageError(f"expected `{name}` to be one of {', '.join(options)}; got {value!r}. Choose one of them.")
    return value


def known_suffix(path: Path, known: Iterable[str]) -> str:
    """Return the suffix of `path` in lower case without its dot.

    Raises:
        UsageError: If it is none of `known`; the message lists them.
    """
    suffix = path.suffix.lower().removeprefix(".")
    formats = list(known)
    if suffix not in formats:
        came = f"'.{suffix}'" if suffix else "no suffix"
        raise UsageError(
            f"expected '{path.name}' to end in one of {', '.join('.' + name for name in formats)}; got {came}. "
            "The suffix chooses the format."
        )
    return suffix
