from itertools import pairwise

import numpy as np
import pytest

from isthmus import plots
from isthmus.plots.figures import new_figure
from isthmus.plots.labels import free_places, thin_ticks

WINDOW = np.array([0.0, 0.0]), np.array([400.0, 300.0])


def test_a_label_without_points_around_stays_where_it_is():
    points = np.array([[10.0, 10.0], [390.0, 290.0]])
    (middle,) = free_places(np.array([[40.0, 16.0]]), np.array([[200.0, 150.0]]), points, WINDOW)
    np.testing.assert_allclose(middle, [200, 150], atol=8)  # places stand some pixels apart


def test_a_label_moves_off_a_cluster_and_no_further():
    rng = np.random.default_rng(0)
    points = np.array([200.0, 150.0]) + rng.uniform(-30, 30, (500, 2))
    (middle,) = free_places(np.array([[40.0, 16.0]]), np.array([[200.0, 150.0]]), points, WINDOW)
    assert not ((np.abs(points - middle) < [20, 8]).all(axis=1)).any()
    assert np.linalg.norm(middle - [200, 150]) < 60


def test_labels_keep_off_each_other_even_where_all_is_full():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, [400, 300], (2000, 2))
    middles = free_places(np.full((12, 2), [60.0, 18.0]), np.full((12, 2), [390.0, 290.0]), points, WINDOW)
    for k, middle in enumerate(middles):
        assert (middle >= [30, 9]).all()
        assert (middle <= [370, 291]).all()
        assert (np.abs(middles[:k] - middle) >= [60, 18]).any(axis=1).all()


def test_a_label_wider_than_the_window_is_centred():
    (middle,) = free_places(np.array([[900.0, 16.0]]), np.array([[10.0, 150.0]]), np.zeros((1, 2)), WINDOW)
    assert middle[0] == 200


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
