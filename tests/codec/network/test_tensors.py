import numpy as np
import pytest
from onnx import helper

from isthmus.codec.network import tensors
from isthmus.codec.network.tensors import PROBE, STRIDE, fold, move, tensor_of
from isthmus.errors import RunError


def test_a_view_knows_its_index():
    index = np.array([[0, 1], [-1, 3]], np.int32)
    tensor = tensor_of(5, index)
    assert tensor.shape == (PROBE, 2, 2)
    np.testing.assert_array_equal(tensor.index("graph"), index)


def test_moving_positions():
    node = helper.make_node("Transpose", ["x"], ["y"], perm=[0, 2, 1])
    (moved,) = move(node, [tensor_of(1, np.arange(6).reshape(2, 3))], 18, "graph")
    np.testing.assert_array_equal(moved.index("graph"), np.arange(6).reshape(2, 3).T)


def test_what_is_moved_comes_from_what_was_there(monkeypatch):
    """Whatever an operator makes of positions, nothing else is read."""
    node = helper.make_node("Transpose", ["x"], ["y"], perm=[0, 2, 1])
    tensor = tensor_of(1, np.array([[0, 2], [4, 6]]))
    for wrong in (2, 9, -1, 2.5, 5 + 3 * STRIDE):
        moved = tensor.positions.astype(float)
        moved[0, 0, 0] = wrong
        monkeypatch.setattr(tensors, "_run", lambda *_, moved=moved: [moved])
        with pytest.raises(RunError, match="Transpose"):
            move(node, [tensor], 18, "graph")
    monkeypatch.setattr(tensors, "_run", lambda *_: [np.where(tensor.positions % STRIDE == 3, 0, tensor.positions)])
    np.testing.assert_array_equal(move(node, [tensor], 18, "graph")[0].index("graph"), [[0, -1], [4, 6]])


def test_what_is_read_from_a_table_is_no_move():
    node = helper.make_node("Gather", ["table", "x"], ["y"])
    with pytest.raises(RunError, match="Gather"):
        move(node, [np.arange(9), tensor_of(1, np.arange(4))], 18, "graph")


def test_what_depends_on_no_image_is_computed():
    node = helper.make_node("Mod", ["a", "b"], ["c"])
    assert fold(node, [np.array(7), np.array(4)], 18, "graph")[0] == 3


def test_functions_of_what_depends_on_no_image_are_exact():
    (found,) = fold(helper.make_node("Exp", ["a"], ["b"]), [np.array([[0.0, 1.0], [1.0, -2.0]])], 18, "graph")
    np.testing.assert_allclose(found, np.exp([[0, 1], [1, -2]]), rtol=1e-15)


def test_what_machines_may_round_differently_is_refused():
    with pytest.raises(RunError, match="ReduceSum"):
        fold(helper.make_node("ReduceSum", ["a"], ["b"], name="sum"), [np.ones(3)], 18, "graph")
