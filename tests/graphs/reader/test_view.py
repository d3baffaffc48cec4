import numpy as np
import pytest

from isthmus.graphs.reader.node import GraphError, Node
from isthmus.graphs.reader.view import PROBE, STRIDE, View, move, positions_of


def view_of(source, index):
    return View(source, positions_of(np.asarray(index)))


def test_a_view_knows_its_index():
    index = np.array([[0, 1], [-1, 3]], np.int32)
    view = view_of(5, index)
    assert view.shape == (PROBE, 2, 2)
    np.testing.assert_array_equal(view.index(), index)


def test_images_that_are_mixed_have_no_index():
    view = view_of(5, [[0, 1], [2, 3]])
    for positions, message in (
        (view.positions[::-1], "mixes the images"),
        (view.positions[[0, 0]], "mixes the images"),
        (view.positions.transpose(1, 0, 2)[:1], "no batch as its first axis"),
    ):
        with pytest.raises(GraphError, match=message):
            View(5, positions).index()


def test_moving_positions(node_of):
    (moved,) = move(node_of("Transpose", ["x"], perm=[0, 2, 1]), [view_of(1, np.arange(6).reshape(2, 3))])
    np.testing.assert_array_equal(moved.index(), np.arange(6).reshape(2, 3).T)


def test_what_is_moved_comes_from_what_was_there(node_of, monkeypatch):
    """Whatever an operator makes of positions, nothing else is read."""
    node, view = node_of("Transpose", ["x"], perm=[0, 2, 1]), view_of(1, [[0, 2], [4, 6]])
    for wrong in (2, 9, -1, 2.5, 5 + 3 * STRIDE):
        moved = view.positions.astype(float)
        moved[0, 0, 0] = wrong
        monkeypatch.setattr(Node, "run", lambda *_, moved=moved: [moved])
        with pytest.raises(GraphError, match=r"Transpose \(y\), which here does more than move numbers"):
            move(node, [view])
    monkeypatch.setattr(Node, "run", lambda *_: [np.where(view.positions % STRIDE == 3, 0, view.positions)])
    np.testing.assert_array_equal(move(node, [view])[0].index(), [[0, -1], [4, 6]])


def test_what_is_read_from_a_table_is_no_move(node_of):
    with pytest.raises(GraphError, match="Gather"):
        move(node_of("Gather", ["table", "x"]), [np.arange(9), view_of(1, np.arange(4))])


def test_two_tensors_are_not_one(node_of):
    with pytest.raises(GraphError, match="of several tensors"):
        move(node_of("Concat", ["a", "b"], axis=1), [view_of(1, [0, 1]), view_of(2, [0, 1])])
