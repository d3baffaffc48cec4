"""Images of any size through a network of one size: overlapping tiles, blended without seams."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

TILES = 64
"""Tiles at once."""
LEAST_OVERLAP = 8
"""Pixels that tiles share with their neighbours; a quarter of their side, where that is more."""


def by_tiles(
    image: NDArray[np.generic],
    side: tuple[int, int],
    transform: Callable[[NDArray[np.generic]], NDArray[np.floating]],
    update: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Transform an image tile by tile.

    Where tiles overlap, they are mixed with weights that fall to nothing towards a tile's edge, where a network knows
    least of what lies around.  An image is continued by its mirror image where it is smaller than a tile, and past
    its border where it is larger.

    Args:
        image: `(height, width, channels)` of any dtype.
        side: Height and width of a tile.
        transform: From tiles `(n, *side, channels)` to `(n, *side, k)`.
        update: Called with the number of tiles done and of all tiles.

    Returns:
        float32 `(height, width, k)`.
    """
    height, width = image.shape[:2]
    margin = 0 if height <= side[0] and width <= side[1] else LEAST_OVERLAP
    padded = _mirrored(image, side, margin)
    corners = [(top, left) for top in _starts(padded.shape[0], side[0]) for left in _starts(padded.shape[1], side[1])]
    weight = _ramp(side[0])[:, None, None] * _ramp(side[1])[None, :, None]
    total: NDArray[np.float32] | None = None
    weights = np.zeros((*padded.shape[:2], 1), np.float32)
    for first in range(0, len(corners), TILES):
        some = corners[first : first + TILES]
        tiles = np.stack([padded[top : top + side[0], left : left + side[1]] for top, left in some])
        made = transform(tiles)
        if total is None:
            total = np.zeros((*padded.shape[:2], made.shape[-1]), np.float32)
        for (top, left), tile in zip(some, made, strict=True):
            total[top : top + side[0], left : left + side[1]] += weight * tile
            weights[top : top + side[0], left : left + side[1]] += weight
        if update is not None:
            update(min(first + TILES, len(corners)), len(corners))
    assert total is not None
    blended = np.asarray(total / weights, np.float32)
    return blended[margin : margin + height, margin : margin + width]


def _starts(length: int, side: int) -> list[int]:
    """Where tiles begin, so that they cover a length evenly and overlap."""
    if length <= side:
        return [0]
    stride = max(1, side - max(min(LEAST_OVERLAP, side - 1), side // 4))
    count = -(-(length - side) // stride) + 1
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _ramp(side: int) -> NDArray[np.float32]:
    """Weights along a tile: 1 in the middle, falling like a cosine towards both edges, never 0."""
    overlap = max(1, min(max(LEAST_OVERLAP, side // 4), side // 2))
    rise = np.sin(np.pi * (np.arange(overlap) + 0.5) / (2 * overlap)) ** 2
    ramp = np.ones(side)
    ramp[:overlap] = rise
    ramp[side - overlap :] = np.minimum(ramp[side - overlap :], rise[::-1])
    return ramp.astype(np.float32)


def _mirrored(image: NDArray[np.generic], side: tuple[int, int], margin: int) -> NDArray[np.uint8]:
    """Continue an image by its mirror image: a margin all around, and as much as a tile still wants at the end."""
    wanted = [max(0, need - have - 2 * margin) for need, have in zip(side, image.shape[:2], strict=True)]
    return np.pad(image, (*((margin, margin + more) for more in wanted), (0, 0)), mode="symmetric")
