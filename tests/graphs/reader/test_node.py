import numpy as np
import onnx
import pytest
from onnx import helper

from isthmus.graphs.reader.node import GraphError, nodes_for


def test_attributes_have_their_defaults(node_of):
    assert node_of("LeakyRelu", ["x"]).attributes == {"alpha": pytest.approx(0.01)}
    attributes = node_of("Conv", ["x", "w"], strides=[2, 1]).attributes
    assert attributes == {"auto_pad": "NOTSET", "group": 1, "strides": [2, 1]}


def test_an_attribute_of_another_version_is_refused(node_of):
    """As Clip had its bounds before version 11."""
    assert node_of("Clip", ["x"], opset=10, max=1.0).attributes["max"] == 1.0
    with pytest.raises(GraphError, match=r"Clip .* with the attribute max"):
        node_of("Clip", ["x"], opset=11, max=1.0)


@pytest.mark.parametrize(
    ("kind", "domain"), [("Mystery", ""), ("Gelu", ""), ("Gelu", "com.microsoft"), ("Scaler", "ai.onnx.ml")]
)
def test_operators_that_the_version_does_not_have_are_refused(kind, domain):
    graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"], domain=domain)], "one", [], [])
    with pytest.raises(GraphError, match=f"the operator {kind}, which ONNX 18 does not have"):
        nodes_for(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), ["y"])


def test_only_what_outputs_need_is_read():
    header = '<ir_version: 9, opset_import: ["": 20]> g (float[n] x) => (float y, float z)'
    model = onnx.parser.parse_model(f"{header} {{ a = Exp(x) z = Sin(x) y = Abs(a) }}")
    assert [node.kind for node in nodes_for(model, ["y"])] == ["Exp", "Abs"]


def test_running_a_node_alone(node_of):
    (found,) = node_of("Slice", ["x", "s", "e"]).run([np.arange(5), np.array([1]), np.array([3])])
    np.testing.assert_array_equal(found, [1, 2])
    with pytest.raises(GraphError, match=r"Reshape \(y\), which cannot be computed"):
        node_of("Reshape", ["x", "s"]).run([np.arange(5), np.array([2, 2])])
