"""Keeping images aside by what they are."""

import hashlib

import numpy as np

from isthmus.data.images import select
from isthmus.data.source import ImageSource
from isthmus.errors import DataError, UsageError


def split_by_content(source: ImageSource, fraction: float, purpose: str = "") -> tuple[ImageSource, ImageSource]:
    """Keep about `fraction` of the images aside, each by what its pixels are.

    An image goes aside if a hash of its pixels, read as a number in [0, 1), is below `fraction`.  So copies of an image
    never stand on both sides, and images added to the source move none of the others, as long as these keep their
    pixels.  Each side gets one image at least: where the hashes leave a side empty, the nearest is moved there, and
    stays only until another belongs there.

    Args:
        source: The images.
        fraction: The share to hold out.
        purpose: What they are kept for, 16 characters at most: splits for different purposes do not depend on each
            other.

    Returns:
        The images kept and the images aside, each in the source's order.  A `fraction` of 0 keeps all.

    Raises:
        UsageError: If `fraction` is not in [0, 1), or `purpose` is too long.
        DataError: If there are no two different images.
    """
    if len(purpose.encode()) > 16:
        raise UsageError(f"expected a purpose of 16 bytes at most; got {purpose!r}")
    if not 0.0 <= fraction < 1.0:
        raise UsageError(f"expected a fraction from 0 to below 1 of the images to hold out; got {fraction}")
    person = purpose.encode()
    digests = b"".join(
        hashlib.blake2b(digest, digest_size=8, person=person).digest()
        for digest in np.ascontiguousarray(source.digests)
    )
    # The 53 bits that a float64 holds: rounding up to 1.0 cannot happen.
    places = (np.frombuffer(digests, ">u8") >> np.uint64(11)) * 2.0**-53
    aside = places < fraction
    if fraction > 0.0 and len(places):
        # Of a handful of images, none may have fallen on one of the sides: the nearest is moved there, with its copies.
        aside |= places == places.min()
        aside &= places != places.max()
        if not aside.any():
            raise DataError(
                f"too few different images to hold out {fraction:g} of them: "
                f"{'there is one' if len(source) == 1 else f'all {len(source)} are the same'}. Give more images, or "
                "hold none out: --set training.validation_fraction=0. Different files may have become the same when "
                "they were fitted: choose another size or fit"
            )
    return select(source, np.flatnonzero(~aside)), select(source, np.flatnonzero(aside))
