import numpy as np
import pytest
from onnx import helper

from isthmus.codec.network.tensors import by_decimals, numbers_of, operands
from isthmus.graphs.reader.node import GraphError, nodes_for


def node(kind, inputs, **attributes):
    proto = helper.make_node(kind, inputs, ["y"], **attributes)
    (found,) = nodes_for(helper.make_model(helper.make_graph([proto], "one", [], [])), ["y"])
    return found


def test_functions_of_what_depends_on_no_image_are_exact():
    found = by_decimals(node("Exp", ["a"]), [np.array([[0.0, 1.0], [1.0, -2.0]])])
    np.testing.assert_allclose(found, np.exp([[0, 1], [1, -2]]), rtol=1e-15)


def test_attributes_are_arguments_and_bounds_have_defaults():
    assert numbers_of(node("Elu", ["a"])) == (1.0,)
    assert numbers_of(node("LeakyRelu", ["a"], alpha=0.25)) == (0.25,)
    assert [float(x) for x in operands(node("Clip", ["a"]), [np.array(3.0)])] == [3.0, -np.inf, np.inf]


def test_an_approximation_is_another_function():
    with pytest.raises(GraphError, match=r"the operator Gelu \(y\) by approximation"):
        numbers_of(node("Gelu", ["a"], approximate="tanh"))
