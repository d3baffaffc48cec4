import pytest
from onnx import helper

from isthmus.graphs.reader.node import nodes_for


@pytest.fixture(scope="session")
def node_of():
    """A node `y` of an operator, as it is read."""

    def make(kind, inputs, opset=18, **attributes):
        graph = helper.make_graph([helper.make_node(kind, inputs, ["y"], **attributes)], "one", [], [])
        (node,) = nodes_for(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]), ["y"])
        return node

    return make
