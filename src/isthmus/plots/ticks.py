"""Ticks: labels on an axis that do not run into each other."""

from itertools import pairwise

from matplotlib.axis import Axis

from isthmus.plots.figures import owner

_GAP = 4.0
"""Between two labels at least, in points."""


def thin_ticks(axis: Axis) -> None:
    """Leave out as many labels, evenly, as it takes for the others to stand apart; every tick stays.

    Call it last, once the figure is as large and as full as it will be.
    """
    figure = owner(axis.axes)
    figure.draw_without_rendering()  # only a layout says where labels stand
    side, gap = int(axis is axis.axes.yaxis), _GAP * figure.dpi / 72
    labels = axis.get_ticklabels()
    boxes = [label.get_window_extent() for label in labels]
    ends = sorted((box.min[side] - gap / 2, box.max[side] + gap / 2) for box in boxes)
    step = next(n for n in range(1, len(ends) + 2) if all(a[1] <= b[0] for a, b in pairwise(ends[::n])))
    if step > 1:
        texts = [label.get_text() if i % step == 0 else "" for i, label in enumerate(labels)]
        axis.set_ticks(axis.get_majorticklocs(), texts)
