"""Sprites: drawn 64x64 images whose factors are known, after dSprites (Matthey et al., 2017).

White shapes on black without grey pixels, as in dSprites, so a Bernoulli likelihood describes them exactly.  Unlike
there, the factors are continuous, and there is no end of images.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isthmus.data.images import ArraySource
from isthmus.data.source import PixelType
from isthmus.errors import UsageError

SIDE = 64
SHAPES = ("square", "ellipse", "heart")
FACTORS = ("shape", "scale", "rotation", "x", "y")
"""The columns of the factors: 0, 1 or 2 as in `SHAPES`; 0.5 to 1; radians counter-clockwise, 0 to 2π (a square looks
the same after π/2, an ellipse after π); the centre from left to right and from top to bottom, each 0 to 1."""

# Pixels at scale 1.  The farthest point of any shape is 14.2 from its centre, and no centre is nearer than 16 to the
# border, so every shape is whole.
_HALF_SQUARE = 10.0
_HALF_ELLIPSE = (14.0, 7.0)
_HEART = 10.8
_HEART_CENTROID = 0.2935  # how far the centre of the heart's area is above the origin of its formula
_MARGIN = 16.0
_CHUNK = 256


class Sprites(NamedTuple):
    """Drawn images and what they were drawn from."""

    images: NDArray[np.uint8]
    """`(n, 64, 64, 1)`, 0 or 255."""
    factors: NDArray[np.float64]
    """`(n, 5)`, columns as in `FACTORS`."""
    labels: NDArray[np.int64]
    """`(n,)`, the shape, as in `SHAPES`."""


def sprites(count: int, seed: int) -> Sprites:
    """Draw sprites of evenly distributed factors; the first of many are the same as a few from that seed.

    Raises:
        UsageError: If `count` or `seed` is negative, or `count` is 0.
    """
    if count < 1 or seed < 0:
        raise UsageError(f"expected at least one sprite, and a seed from 0; got {count} and {seed}")
    uniform = np.random.default_rng(seed).random((count, len(FACTORS)))
    low, span = np.array([[0.0, 0.5, 0.0, 0.0, 0.0], [len(SHAPES), 0.5, 2.0 * math.pi, 1.0, 1.0]])
    factors = low + span * uniform
    factors[:, 0] = np.floor(factors[:, 0])
    return Sprites(draw_sprites(factors), factors, factors[:, 0].astype(np.int64))


def draw_sprites(factors: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Draw the images that factors describe.

    Args:
        factors: `(n, 5)`, columns as in `FACTORS`.

    Returns:
        `(n, 64, 64, 1)`, 255 where a pixel's centre lies in the shape and 0 elsewhere.

    Raises:
        UsageError: If the factors are of another shape, or out of the range that keeps shapes whole.
    """
    factors = np.asarray(factors, np.float64)
    if factors.ndim != 2 or factors.shape[1] != len(FACTORS):
        raise UsageError(f"expected factors (n, {len(FACTORS)}): {', '.join(FACTORS)}; got shape {factors.shape}")
    shapes, scales, places = factors[:, 0], factors[:, 1], factors[:, 3:]
    if not (
        np.isin(shapes, range(len(SHAPES))).all()
        and ((scales > 0) & (scales <= 1)).all()
        and ((places >= 0) & (places <= 1)).all()
        and np.isfinite(factors[:, 2]).all()
    ):
        raise UsageError(
            f"expected shapes 0 to {len(SHAPES) - 1}, scales above 0 and up to 1, finite rotations, x and y from 0 to 1"
        )
    images = np.zeros((len(factors), SIDE, SIDE), np.uint8)
    for shape in range(len(SHAPES)):
        chosen = np.flatnonzero(shapes == shape)
        for start in range(0, len(chosen), _CHUNK):  # few enough for the processor's cache
            some = chosen[start : start + _CHUNK]
            images[some] = np.where(_inside(shape, factors[some]), 255, 0)
    return images[..., np.newaxis]


def sprite_source(count: int, seed: int, dtype: PixelType = "uint8") -> ArraySource:
    """Draw sprites as a source, labelled by shape, with their factors.

    Raises:
        UsageError: As `sprites` does.
    """
    images, factors, labels = sprites(count, seed)
    pixels = images if dtype == "uint8" else images.astype(np.float32) / np.float32(255)
    return ArraySource(pixels, labels, SHAPES, factors=factors, factor_names=FACTORS)


def _inside(shape: int, factors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each pixel's centre is in the shape, `(n, 64, 64)`."""
    _, scale, rotation, x, y = factors.T
    pixels = np.arange(SIDE) + 0.5
    room = SIDE - 2.0 * _MARGIN
    across = (pixels - (_MARGIN + room * x)[:, None]) / scale[:, None]
    up = ((_MARGIN + room * y)[:, None] - pixels) / scale[:, None]  # rows count downwards
    cos, sin = np.cos(rotation)[:, None], np.sin(rotation)[:, None]
    # The pixel in the coordinates of the shape, which stands upright there.
    u = (cos * across)[:, None, :] + (sin * up)[:, :, None]
    v = (cos * up)[:, :, None] - (sin * across)[:, None, :]
    inside: NDArray[np.bool_]
    if SHAPES[shape] == "square":
        inside = np.maximum(np.abs(u), np.abs(v)) <= _HALF_SQUARE
    elif SHAPES[shape] == "ellipse":
        inside = (u / _HALF_ELLIPSE[0]) ** 2 + (v / _HALF_ELLIPSE[1]) ** 2 <= 1.0
    else:
        u, v = u / _HEART, v / _HEART + _HEART_CENTROID
        body = u * u + v * v - 1.0
        inside = body * body * body <= u * u * (v * v * v)
    return inside
