"""Images of 16 bits, of which a camera or scanner uses fewer."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BITS = (8, 10, 12, 14, 16)
"""How many bits of a 16-bit image may be in use, as cameras and scanners have them."""


def bits_in_use(highest: int) -> int:
    """The bits of a camera or scanner whose highest value is this: 8, 10, 12, 14 or 16."""
    return next((bits for bits in BITS if highest < 1 << bits), BITS[-1])


def from_sixteen_bits(pixels: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Whole numbers from 0 to `2**bits - 1` as the nearest from 0 to 255; what is above becomes 255."""
    top = (1 << bits) - 1
    levels: NDArray[np.uint32] = (np.minimum(pixels, top).astype(np.uint32) * 510 + top) // (2 * top)
    return levels.astype(np.uint8)


def in_range(pixels: NDArray[Any], bits: int | None, deep: bool) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Whole numbers of 8 or 16 bits in the range of a set of images; what is above becomes its highest.

    Args:
        pixels: uint8 from 0 to 255, or uint16 from 0 to `2**bits - 1`.
        bits: How many bits of 16 the set uses; None for as many as these use.
        deep: Whether the range is 0 to `2**bits - 1`, and not 0 to 255.

    Returns:
        uint16 if `deep`, else uint8.
    """
    if not is_uint16(pixels):
        return widened(pixels, bits) if deep and bits else np.asarray(pixels, np.uint8)
    used = bits or bits_in_use(int(pixels.max()))
    return np.minimum(pixels, (1 << used) - 1).astype(np.uint16) if deep else from_sixteen_bits(pixels, used)


def widened(pixels: NDArray[np.uint8], bits: int) -> NDArray[np.uint16]:
    """Whole numbers from 0 to 255 as the nearest from 0 to `2**bits - 1`."""
    levels: NDArray[np.uint32] = (pixels.astype(np.uint32) * (2 * ((1 << bits) - 1)) + 255) // 510
    return levels.astype(np.uint16)


def as_levels(images: NDArray[np.generic], bits: int | None = None) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Images of any shape as whole numbers, in the range of the files that they were read from.

    Args:
        images: uint8, which stay, or floats, which count from 0 to 1.
        bits: How many bits of 16 the files use; None for files of 8.

    Returns:
        uint8, or uint16 from 0 to `2**bits - 1` of floats that had more than 8 bits.
    """
    if images.dtype == np.uint8:
        return np.asarray(images, np.uint8)
    top = (1 << (bits or 8)) - 1
    levels: NDArray[np.float32] = np.rint(np.clip(images.astype(np.float32), 0.0, 1.0) * np.float32(top))
    return levels.astype(np.uint8) if top == 255 else levels.astype(np.uint16)


def sixteen_bits_of(images: ArrayLike) -> int | None:
    """How many bits are in use of an array of 16 bits; None of one that has or uses 8."""
    if not isinstance(images, np.ndarray) or not is_uint16(images) or not images.size or int(images.max()) <= 255:
        return None
    return bits_in_use(int(images.max()))


def is_uint16(array: NDArray[Any]) -> bool:
    """Whether an array has 16 bits, in either order of bytes."""
    return array.dtype.newbyteorder("=") == np.uint16


def depth_notices(name: str, used: int | None, bits: int | None, top: int = 255) -> Iterator[str]:
    """What to know of images of 16 bits: how many are in use, and what the highest of their range becomes (`top`)."""
    if used is None or bits is None:
        return
    scaled = f"so 0 to {(1 << bits) - 1:,} becomes 0 to {top}"
    if used == bits:
        yield f"the 16-bit images of {name} use {used} bits, {scaled}"
    else:
        brighter = f", and higher values become {top}" if used > bits else ""
        yield f"the 16-bit images of {name} use {used} bits; the run's used {bits}, {scaled}{brighter}"
