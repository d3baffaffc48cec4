from itertools import pairwise

import numpy as np
import pytest

from isthmus import plots
from isthmus.plots.figures import new_figure
from isthmus.plots.ticks import thin_ticks


def decoder(height, width):
    return lambda codes: np.full((len(codes), height, width, 1), 128, np.uint8)


CROWDED = {
    "steps": lambda: plots.interpolation(decoder(16, 16), np.zeros((2, 3)), np.ones((2, 3)), steps=31),
    "long numbers": lambda: plots.traversal(
        decoder(12, 12), np.zeros(3), [3, 2, 1], values=np.linspace(-123.45, 177.77, 13)
    ),
    "a wide manifold": lambda: plots.manifold(decoder(8, 32), 12),
    "a wide grid": lambda: plots.grid(decoder(8, 32)),
    "a fine grid": lambda: plots.grid(decoder(8, 8), x=(-0.5, 0.5), y=(-0.5, 0.5), step=0.0999),
}


@pytest.mark.parametrize("draw", CROWDED.values(), ids=CROWDED)
def test_labels_of_ticks_stand_apart(draw):
    figure = draw()
    figure.draw_without_rendering()
    assert sum(bool(label.get_text()) for label in figure.axes[0].get_xticklabels()) >= 2
    for side, axis in enumerate((figure.axes[0].xaxis, figure.axes[0].yaxis)):
        shown = [label.get_window_extent() for label in axis.get_ticklabels() if label.get_text()]
        ends = sorted((box.min[side], box.max[side]) for box in shown)
        assert all(left[1] < right[0] for left, right in pairwise(ends))


def test_where_there_is_room_all_labels_stay():
    axes = new_figure((6, 3)).add_subplot()
    axes.set_xticks(range(7), list("abcdefg"))
    thin_ticks(axes.xaxis)
    assert [label.get_text() for label in axes.get_xticklabels()] == list("abcdefg")
