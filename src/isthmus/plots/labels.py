"""Labels that cover neither points nor each other: names of classes, and ticks."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Annotation
from numpy.typing import NDArray

from isthmus.plots.figures import owner

_PLACES = 48
"""Places along each side of the axes that a label may take."""
_REACH = 0.02
"""The share of all points that a label would rather cover than stand a whole diagonal away from its own."""

_GAP, _TICK_GAP = 3.0, 4.0
"""Between two labels, and two labels of ticks, at least, in points."""

Floats = NDArray[np.float64]


def place_labels(axes: Axes, labels: Sequence[Annotation], points: Floats) -> None:
    """Move labels to where they cover few points and no other label, within the axes and near what they annotate.

    Call it last, once the figure is as large and as full as it will be.

    Args:
        axes: Where they are drawn.
        labels: Annotations whose text stands at its `xy`, in data coordinates; an arrow shows where that was.
        points: `(n, 2)`, in data coordinates.
    """
    if not labels:
        return
    figure = owner(axes)
    figure.draw_without_rendering()  # sizes are known only after layout
    to_pixels, window = axes.transData, axes.get_window_extent()
    boxes = [(label.get_bbox_patch() or label).get_window_extent() for label in labels]
    middles = free_places(
        np.array([(box.width, box.height) for box in boxes]) + _GAP * figure.dpi / 72,
        to_pixels.transform(np.array([label.xy for label in labels])),
        to_pixels.transform(points),
        (np.array(window.min), np.array(window.max)),
    )
    for label, middle in zip(labels, to_pixels.inverted().transform(middles), strict=True):
        label.set_position(middle)


def free_places(sizes: Floats, anchors: Floats, points: Floats, window: tuple[Floats, Floats]) -> Floats:
    """Find a place for each label: free of other labels and of as many points as can be, within reach of its anchor.

    Args:
        sizes: `(k, 2)`, the width and height of each label.
        anchors: `(k, 2)`, where each would best have its middle.
        points: `(n, 2)`, what should stay in sight.
        window: The lower left and the upper right corner that labels stay between.

    Returns:
        `(k, 2)`, the middle of each label.
    """
    middles: list[Floats] = []
    for k, (size, anchor) in enumerate(zip(sizes, anchors, strict=True)):
        half = np.minimum(size, window[1] - window[0]) / 2
        x, y = (np.linspace(window[0][side] + half[side], window[1][side] - half[side], _PLACES) for side in (0, 1))
        covered = _near(y, points[:, 1], half[1]) @ _near(x, points[:, 0], half[0]).T
        far = np.hypot(x - anchor[0], (y - anchor[1])[:, None]) / np.hypot(*(window[1] - window[0]))
        cost = covered / len(points) + _REACH * far
        for other, middle in zip(sizes[:k], middles, strict=True):
            apart = half + other / 2
            cost[np.ix_(np.abs(y - middle[1]) < apart[1], np.abs(x - middle[0]) < apart[0])] += 1.0
        row, column = np.unravel_index(np.argmin(cost), cost.shape)
        middles.append(np.array([x[column], y[row]]))
    return np.array(middles).reshape(-1, 2)


def _near(places: Floats, points: Floats, reach: float) -> Floats:
    """Which points each place reaches along one axis, 0 or 1, `(places, points)`."""
    return (np.abs(places[:, None] - points) < reach).astype(np.float64)


def thin_ticks(axis: Axis) -> None:
    """Leave out labels, evenly, until the others do not overlap; every tick stays.

    Call it last, once the figure is as large and as full as it will be.
    """
    figure = owner(axis.axes)
    figure.draw_without_rendering()  # places are known only after layout
    side, gap = int(axis is axis.axes.yaxis), _TICK_GAP * figure.dpi / 72
    labels = axis.get_ticklabels()
    boxes = [label.get_window_extent() for label in labels]
    ends = sorted((box.min[side] - gap / 2, box.max[side] + gap / 2) for box in boxes)
    step = next(n for n in range(1, len(ends) + 2) if all(a[1] <= b[0] for a, b in pairwise(ends[::n])))
    if step > 1:
        texts = [label.get_text() if i % step == 0 else "" for i, label in enumerate(labels)]
        axis.set_ticks(axis.get_majorticklocs(), texts)
