"""Images held in an array, and parts of any source."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from isthmus.data.content import digests_of, fingerprint_of
from isthmus.data.source import ImageArray, ImageSource, ImageSpec, Indices
from isthmus.errors import DataError, UsageError


@dataclass(frozen=True, eq=False, repr=False)
class ArraySource:
    """Images held in one array (which may be a memory map).

    The array is not copied: changes of it change the source.

    Args:
        images: `(n, height, width, channels)`, uint8 or float32.
        labels: `(n,)`, int64, from 0 to below `len(class_names)` where classes have names.
        class_names: The classes' names.
        names: The images' names; by default their numbers, `"0000"` and on.
        factors: What each image was drawn from, `(n, factors)`, float64.
        factor_names: The names of the factors.
        paths: The images as their collection lists them; by default their names.

    Raises:
        DataError: If the array is of another rank or type, or something does not fit the number of images.
    """

    images: ImageArray
    labels: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()
    names: Sequence[str] = ()
    factors: NDArray[np.float64] | None = None
    factor_names: tuple[str, ...] = ()
    paths: Sequence[str] = ()

    def __post_init__(self) -> None:
        images, labels, factors = self.images, self.labels, self.factors
        if images.ndim != 4 or images.dtype not in (np.uint8, np.float32):
            raise DataError(
                "expected images as a uint8 or float32 array (n, height, width, channels); "
                f"got {images.dtype} of shape {images.shape}. Use as_source to convert them"
            )
        count = len(images)
        if not self.names:
            digits = len(str(max(count - 1, 0)))
            object.__setattr__(self, "names", tuple(f"{index:0{digits}d}" for index in range(count)))
        if not self.paths:
            object.__setattr__(self, "paths", self.names)
        if not len(self.names) == len(self.paths) == count:
            raise DataError(f"expected a name for each of {count} images; got {len(self.names)} names")
        if labels is not None:
            if labels.shape != (count,):
                raise DataError(f"expected a label for each of {count} images; got labels of shape {labels.shape}")
            if self.class_names and count and not 0 <= labels.min() <= labels.max() < len(self.class_names):
                raise DataError(
                    f"expected labels from 0 to {len(self.class_names) - 1}, one for each class; "
                    f"got {labels.min()} to {labels.max()}"
                )
        if factors is not None and factors.shape != (count, len(self.factor_names)):
            raise DataError(
                f"expected {len(self.factor_names)} factors for each of {count} images; got shape {factors.shape}"
            )

    @property
    def spec(self) -> ImageSpec:
        """What every image is."""
        _, height, width, channels = self.images.shape
        return ImageSpec(height, width, channels, "uint8" if self.images.dtype == np.uint8 else "float32")

    @cached_property
    def digests(self) -> NDArray[np.uint8]:
        """A hash of the pixels of each image, `(n, 16)`; computed once, when asked for."""
        return digests_of(self)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal over shape, type, labels and pixels; computed once, when asked for."""
        return fingerprint_of(self)

    def __len__(self) -> int:
        return len(self.images)

    def read(self, indices: Indices) -> ImageArray:
        """Copy the images at `indices`, `(m,)`, to an array `(m, height, width, channels)`."""
        return self.images.take(indices, axis=0)


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """Some images of another source, in an order of their own; nothing is copied before it is read.

    Args:
        source: The other.
        indices: Their numbers there, `(n,)`.
        labelled: Whether they have the labels that the source says.
    """

    source: ImageSource
    indices: Indices
    labelled: bool = field(default=True, kw_only=True)

    @property
    def spec(self) -> ImageSpec:
        """What every image is."""
        return self.source.spec

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of all classes of the source, so that a label means the same in every part of it."""
        return self.source.class_names if self.labelled else ()

    @property
    def factor_names(self) -> tuple[str, ...]:
        """The name of each column of `factors`."""
        return self.source.factor_names

    @cached_property
    def labels(self) -> NDArray[np.int64] | None:
        """The class of each selected image, `(n,)`, or None."""
        return self.source.labels[self.indices] if self.labelled and self.source.labels is not None else None

    @cached_property
    def factors(self) -> NDArray[np.float64] | None:
        """What each selected image was drawn from, `(n, factors)`, or None."""
        return None if self.source.factors is None else self.source.factors[self.indices]

    @cached_property
    def names(self) -> Sequence[str]:
        """The names that the source gives."""
        return tuple(map(self.source.names.__getitem__, self.indices))

    @cached_property
    def paths(self) -> Sequence[str]:
        """The paths that the source gives."""
        return tuple(map(self.source.paths.__getitem__, self.indices))

    @cached_property
    def digests(self) -> NDArray[np.uint8]:
        """The hashes that the source gives, `(n, 16)`."""
        return self.source.digests[self.indices]

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint that a source of just these images would have."""
        return fingerprint_of(self)

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, indices: Indices) -> ImageArray:
        """Read the images at `indices` of the selection, `(m,)`, as an array `(m, height, width, channels)`."""
        return self.source.read(self.indices[indices])


def select(source: ImageSource, indices: Sequence[int] | NDArray[np.integer]) -> ImageSource:
    """Take some images of a source, in the order of `indices`, `(m,)`, with their labels, names and factors.

    Raises:
        UsageError: If an index is not from 0 to below the number of images.
    """
    chosen = np.asarray(indices, np.int64)
    if chosen.ndim != 1 or (chosen.size and not 0 <= chosen.min() <= chosen.max() < len(source)):
        raise UsageError(f"expected a list of image numbers from 0 to {len(source) - 1}; got {indices!r:.200}")
    return Selection(source, chosen)


def spread(length: int, count: int) -> NDArray[np.int64]:
    """Choose `count` of `length` images (or all, if fewer), evenly spread, since many sets are sorted by class."""
    return np.linspace(0, length - 1, min(count, length)).round().astype(np.int64)
