import numpy as np
import onnx
from onnx import numpy_helper

from isthmus.graphs.writer.graph import Graph, Value, channels_first_axis

GRID = Value("grid", (None, 4, 5, 3), "float32")


def constants_of(graph):
    model = graph.to_model([GRID], [])
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def test_equal_constants_are_stored_once():
    graph = Graph()
    one = graph.constant(np.ones(3), "float32")
    assert graph.constant([1, 1, 1], "float32") == one
    others = {graph.constant(1.0, "float32"), graph.constant(np.ones(3), "float64"), graph.integers([1, 1, 1]), one}
    assert len(others) == len(constants_of(graph)) == 4
    assert constants_of(graph)[graph.constant(1.0, "float32")].shape == ()


def test_going_there_and_back_costs_one_transpose():
    graph = Graph()
    first = graph.channels_first(GRID)
    assert first.channels_first
    assert first.shape == GRID.shape
    assert graph.channels_last(first) == GRID
    assert graph.channels_first(GRID) == first
    assert [node.op_type for node in graph.to_model([GRID], []).graph.node] == ["Transpose"]


def test_operands_get_the_order_of_the_one_that_is_channels_first():
    graph = Graph()
    row = np.arange(3.0)
    (_, bias), channels_first = graph.aligned([graph.channels_first(GRID), row], ["float32"] * 2)
    assert channels_first
    np.testing.assert_array_equal(constants_of(graph)[bias], row.reshape(1, 3, 1, 1))
    names, channels_first = graph.aligned([GRID, row], ["float32"] * 2)
    assert (names[0], channels_first) == ("grid", False)
    np.testing.assert_array_equal(constants_of(graph)[names[1]], row)


def test_where_axes_go():
    image = np.zeros((1, 2, 3, 4))
    moved = image.transpose(0, 3, 1, 2)
    assert [moved.shape[channels_first_axis(axis)] for axis in range(4)] == list(image.shape)


def test_the_ends_have_names_types_and_a_free_batch():
    graph = Graph()
    model = graph.to_model([GRID], [("y", graph.cast(GRID, "uint8"))])
    onnx.checker.check_model(model, full_check=True)
    (end,) = model.graph.output
    assert (end.name, end.type.tensor_type.elem_type) == ("y", onnx.TensorProto.UINT8)
    assert [side.dim_param or side.dim_value for side in end.type.tensor_type.shape.dim] == ["n", 4, 5, 3]
    assert (model.producer_name, model.producer_version) == ("isthmus", "")
