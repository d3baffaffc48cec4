"""Holes in an image: which pixels are missing."""

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Holes: TypeAlias = Literal["boxes", "strokes", "rows", "centre"]
Missing: TypeAlias = NDArray[np.bool_]

MOST_PARTS = 64


def draw_holes(height: int, width: int, kind: Holes, share: float, rng: np.random.Generator) -> Missing:
    """Draw which pixels of an image are missing, `(height, width)`: one at least, and never all where there are two.

    Args:
        height: Pixels.
        width: Pixels.
        kind: `boxes`: upright rectangles; `strokes`: as of a pen; `rows`: whole rows; `centre`: one rectangle of the
            image's proportions in the middle.
        share: How much is missing; boxes and strokes are added until there is as much.
        rng: Where the draws come from.
    """
    missing = np.zeros((height, width), bool)
    match kind:
        case "rows":
            count = min(max(1, height - 1), max(1, round(share * height)))
            missing[rng.choice(height, count, replace=False)] = True
        case "centre":
            rows, columns = (max(1, round(math.sqrt(share) * side)) for side in (height, width))
            top, left = (height - rows) // 2, (width - columns) // 2
            missing[top : top + rows, left : left + columns] = True
        case "boxes" | "strokes":
            part = _box if kind == "boxes" else _stroke
            for _ in range(MOST_PARTS):
                if missing.mean() >= share:
                    break
                missing |= part(height, width, share, rng)
    # Neither an image without holes nor one of holes alone can be filled; shares near the ends draw both at times.
    if (missing.size > 1 and missing.all()) or not missing.any():
        place = rng.integers(missing.size)
        missing.flat[place] = not missing.flat[place]
    return missing


def _box(height: int, width: int, share: float, rng: np.random.Generator) -> Missing:
    """A rectangle of about half the share."""
    area, stretch = share * rng.uniform(0.3, 0.7), math.exp(rng.uniform(-0.7, 0.7))
    rows = min(height, max(1, round(height * math.sqrt(area * stretch))))
    columns = min(width, max(1, round(width * math.sqrt(area / stretch))))
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    missing = np.zeros((height, width), bool)
    missing[top : top + rows, left : left + columns] = True
    return missing


def _stroke(height: int, width: int, share: float, rng: np.random.Generator) -> Missing:
    """A bent line, as wide as a twelfth of the image."""
    from PIL import Image, ImageDraw

    points = rng.random((4, 2)) * (width, height)
    canvas = Image.new("1", (width, height))
    pen = max(1, round(max(height, width) / 12))
    ImageDraw.Draw(canvas).line([(float(x), float(y)) for x, y in points], fill=1, width=pen, joint="curve")
    return np.asarray(canvas, bool)
