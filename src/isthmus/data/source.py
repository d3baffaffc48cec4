"""A source of images: their shape and dtype, and a way to read any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

PixelType: TypeAlias = Literal["uint8", "float32"]
ImageArray: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]
"""Images, `(n, height, width, channels)`: uint8 from 0 to 255, or float32 from 0 to 1."""
Indices: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class ImageSpec:
    """What one image is: its size in pixels, its channels and the type of its numbers."""

    height: int
    width: int
    channels: int
    dtype: PixelType = "uint8"

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)`, as arrays have it."""
        return self.height, self.width, self.channels

    @property
    def dims(self) -> int:
        """The numbers in one image: height x width x channels."""
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        """`WIDTHxHEIGHTxCHANNELS`: width first."""
        return f"{self.width}x{self.height}x{self.channels}"


class ImageSource(Protocol):
    """Images that can be read in any order, with what is known of them."""

    @property
    def spec(self) -> ImageSpec:
        """What every image is."""

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The class of each image, `(n,)`, or None."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class, by label; empty if the classes have none."""

    @property
    def names(self) -> Sequence[str]:
        """A stable name for each image, fit to be an output file's stem; a folder's keep their relative path."""

    @property
    def paths(self) -> Sequence[str]:
        """Each image as its collection lists it, with the suffix of its file; the name of one that has no file."""

    @property
    def factors(self) -> NDArray[np.float64] | None:
        """What each image was drawn from, `(n, factors)`, or None where that is not known."""

    @property
    def factor_names(self) -> tuple[str, ...]:
        """The name of each column of `factors`."""

    @property
    def digests(self) -> NDArray[np.uint8]:
        """A hash of the pixels of each image, `(n, 16)`: equal images have equal ones, on every machine."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal over the shape, type, labels and `digests` of the images, in order."""

    def __len__(self) -> int: ...

    def read(self, indices: Indices) -> ImageArray:
        """Read the images at `indices`, `(m,)`, as a new array `(m, height, width, channels)` of `spec.dtype`."""
