"""Random numbers for one image at a time, whatever the batches; and random partners for images.

A score should follow from its image and a seed.  So the draws for an image come from its own stretch of one stream,
found by the image's number: how many images are scored at once, or in which order, changes nothing.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ORDER_STREAM = 0x68616C76
_NUMBERS_A_BLOCK = 8  # float32 numbers that one step of Philox's counter gives


def uniform_by_image(seed: Sequence[int], start: int, count: int, dims: int) -> NDArray[np.float32]:
    """Draw from [0, 1) for images `start` to `start + count`: float32 `(count, dims)`.

    Philox numbers its random blocks (Salmon et al. 2011), so each image's stretch is found without starting a generator
    for each image.

    Args:
        seed: Numbers, not negative, that choose the stream.
        start: The first image's number.
        count: How many images.
        dims: The numbers for each image.
    """
    blocks = -(-dims // _NUMBERS_A_BLOCK)
    key = np.random.SeedSequence(list(seed)).generate_state(2, np.uint64)
    rng = np.random.Generator(np.random.Philox(key=key, counter=start * blocks))
    return rng.random((count, blocks * _NUMBERS_A_BLOCK), dtype=np.float32)[:, :dims]


def normal_by_image(seed: Sequence[int], start: int, count: int, dims: int) -> NDArray[np.float32]:
    """Standard normal draws for images `start` to `start + count`: float32 `(count, dims)`; see `uniform_by_image`."""
    from scipy.special import ndtri  # the inverse takes one number for one, where rejection would take any many

    uniform = uniform_by_image(seed, start, count, dims).astype(np.float64)
    # A float32 from [0, 1) has 24 bits; half a step up keeps 0 from becoming minus infinity.
    return np.asarray(ndtri(uniform + 2.0**-25), np.float32)


def random_order(count: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Shuffle the numbers of `count` images, int64 `(count,)`, by numbers that choose the order."""
    return np.random.default_rng([*seed, _ORDER_STREAM]).permutation(count)


def other_images(count: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Choose another image for each of `count` images: int64 `(count,)`, every image once and none its own.

    Neighbours will not do: images of a folder come class by class, so that neighbours are alike.

    Args:
        count: How many images; a single image has no other, and gets itself.
        seed: Numbers, not negative, that choose the partners.
    """
    circle = np.random.default_rng(list(seed)).permutation(count)
    others = np.empty(count, np.int64)
    others[circle] = np.roll(circle, 1)
    return others
