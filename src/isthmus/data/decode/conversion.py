"""What the images of a survey become, in values and in words."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from isthmus.data.decode.pages import file_of
from isthmus.data.decode.survey import Survey
from isthmus.data.depth import depth_notices
from isthmus.data.preprocessing import CHANNELS, ImageOptions, Preprocessing
from isthmus.errors import DataError
from isthmus.wording import spell_count

Conversion: TypeAlias = Preprocessing | ImageOptions | None
"""What images become: as a run says, as a user asks, or whatever suits them."""


def settle(found: Survey, preprocessing: Conversion, where: str) -> Preprocessing | None:
    """Settle what images become; None for arrays of one shape, which are taken as they are.

    Raises:
        DataError: If arrays differ in shape, and have too many channels, so that they cannot be fitted.
    """
    if isinstance(preprocessing, Preprocessing):
        preprocessing = replace(preprocessing, bits=bits_of(found, preprocessing))
        taken = found.arrays and found.uniform and shape_of(found) == preprocessing.spec().shape
        return None if taken else preprocessing
    if found.arrays and found.uniform and not preprocessing:
        return None
    if found.arrays and not set(found.channels) <= {1, *CHANNELS}:
        raise DataError(
            f"the images of '{where}' have {', '.join(map(str, sorted(set(found.channels))))} channels: such arrays "
            "have to be of one shape, and are taken as they are"
        )
    settled = (preprocessing or ImageOptions()).settle(found.sizes, found.in_colour > 0, found.bits)
    if not found.bands:
        return settled
    if len(set(found.channels)) > 1:
        raise DataError(
            f"the images of '{where}' have {', '.join(map(str, sorted(set(found.channels))))} channels, and several "
            "bands have to be as many in each. Keep those apart, each in a folder of its own"
        )
    if preprocessing is not None and preprocessing.channels is not None:
        raise DataError(
            f"the images of '{where}' have {found.channels[0]} bands, which do not become {preprocessing.channels} "
            "channels. Leave --channels out"
        )
    return replace(settled, channels=found.channels[0])


def bits_of(found: Survey, preprocessing: Conversion) -> int | None:
    """The bits in use of 16-bit images: those that a run says, or else those of the images at hand."""
    said = preprocessing.bits if isinstance(preprocessing, Preprocessing) else None
    return found.bits if said is None else said


def shape_of(found: Survey, fitted: Preprocessing | None = None) -> tuple[int, int, int]:
    """The shape of each image once it is fitted, `(height, width, channels)`."""
    return fitted.spec().shape if fitted else (found.heights[0], found.widths[0], found.channels[0])


def decoded_bytes(found: Survey, fitted: Preprocessing | None) -> int:
    """What the pixels of all images take once they are decoded and fitted."""
    return len(found) * (fitted.spec().dims if fitted else int(np.prod(shape_of(found))))


def summary(found: Survey) -> str:
    """The number and sizes of images, in words."""
    sizes = found.sizes
    kinds = len(np.unique(sizes, axis=0))
    low, high = sizes[sizes.prod(axis=1).argmin()], sizes[sizes.prod(axis=1).argmax()]
    spread = f"{low[1]}x{low[0]}" if kinds == 1 else f"{kinds:,} sizes, {low[1]}x{low[0]} to {high[1]}x{high[0]}"
    pages = [file for name in found.names if (file := file_of(name)) != name]
    files = len(set(pages))
    stacks = f", {len(pages):,} of them pages or frames of {spell_count(files, 'file')}" if pages else ""
    return f"{spell_count(len(found), 'image')} of {spread}{stacks}"


def notices_of_depth(found: Survey, bits: int | None, where: str, top: int = 255) -> Iterator[str]:
    """Give notices about images with more than 8 bits a channel, the highest of whose range becomes `top`."""
    yield from depth_notices(where, found.bits, bits, top)
    if found.deep_colours:
        dark = "; they are so dark that little of them is left, so scale them to 8 bits first"
        yield (
            f"{found.deep_colours:,} colour images of {where} have 16 bits a channel; the upper 8 are read, which go "
            f"from 0 to {found.brightest_colour}{dark if found.brightest_colour < 64 else ''}"
        )


def refitted(found: Survey, fitted: Preprocessing | None) -> str:
    """Which images have another size or other channels than they become, in words; empty where none has."""
    if fitted is None:
        return ""
    channels = np.array(found.channels)
    others = (found.sizes != (fitted.height, fitted.width)).any(axis=1) | (channels != fitted.channels)
    if not others.any():
        return ""
    first = int(np.argmax(others))
    kind = f"{found.widths[first]}x{found.heights[first]}x{channels[first]}"
    count = np.count_nonzero(others)
    return f"{count:,} of {len(found):,} images are not {fitted.spec()}; {found.names[first]!r} is {kind}"
