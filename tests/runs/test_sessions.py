from contextlib import suppress

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from isthmus.data import batches
from isthmus.errors import RunError
from isthmus.runs.manifest import GraphEntry, TensorEntry
from isthmus.runs.sessions import Session

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)
ENTRY = GraphEntry(
    file="g.onnx",
    inputs=(TensorEntry(name="x", dtype="float32", shape=("n", 2)),),
    outputs=(TensorEntry(name="y", dtype="float32", shape=("n", 3)),),
    max_difference={},
)


def outside(tensor):
    """The same tensor, kept in a file beside the graph."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secrets.bin")
    return tensor


def product(weights_in="initializer", external=False):
    """The graph y = x @ WEIGHT, its weight in one of the places where ONNX lets a tensor stand."""
    weight = numpy_helper.from_array(WEIGHT, "w")
    if external:
        weight = outside(weight)
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    constant = helper.make_node("Constant", [], ["w"], value=weight)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])]
    functions, initializers, opsets = [], [], [helper.make_opsetid("", 18)]
    if weights_in == "initializer":
        nodes, initializers = [product], [weight]
    elif weights_in == "attribute":
        nodes = [constant, product]
    elif weights_in == "subgraph":
        branches = [
            helper.make_graph(
                [constant, product], name, [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
            )
            for name in ("then", "else")
        ]
        truth = helper.make_node("Constant", [], ["truth"], value=numpy_helper.from_array(np.array(True)))
        nodes = [truth, helper.make_node("If", ["truth"], ["y"], then_branch=branches[0], else_branch=branches[1])]
    else:
        opsets.append(helper.make_opsetid("mine", 1))
        functions = [helper.make_function("mine", "Multiply", ["x"], ["y"], [constant, product], opsets[:1])]
        nodes = [helper.make_node("Multiply", ["x"], ["y"], domain="mine")]
    graph = helper.make_graph(nodes, "product", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=9).SerializeToString()


PLACES = ["initializer", "attribute", "subgraph", "function"]


@pytest.mark.parametrize("weights_in", ["initializer", "attribute"])
def test_runs_a_graph(weights_in):
    x = np.random.default_rng(0).standard_normal((4, 2), np.float32)
    found = Session(product(weights_in), ENTRY, "here")({"x": x})
    np.testing.assert_allclose(found["y"], x @ WEIGHT, rtol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 12])
def test_in_batches(monkeypatch, count):
    monkeypatch.setattr(batches, "BATCH_IMAGES", 6)
    x = np.random.default_rng(0).standard_normal((count, 2), np.float32)
    found = Session(product(), ENTRY, "here")({"x": x})["y"]
    assert found.shape == (count, 3)
    np.testing.assert_allclose(found, x @ WEIGHT, rtol=1e-5)


@pytest.mark.parametrize("weights_in", PLACES)
def test_refuses_weights_in_other_files(weights_in, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets.bin").write_bytes(WEIGHT.tobytes())
    with pytest.raises(RunError, match="here: the graph keeps its weights in other files"):
        Session(product(weights_in, external=True), ENTRY, "here")


def test_refuses_what_onnx_itself_wrote_with_external_data(tmp_path):
    model = onnx.load_from_string(product())
    onnx.save(model, tmp_path / "g.onnx", save_as_external_data=True, location="g.data", size_threshold=0)
    with pytest.raises(RunError, match="ONNX external data"):
        Session((tmp_path / "g.onnx").read_bytes(), ENTRY, "here")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a graph", product()[:60]])
def test_refuses_what_is_no_graph(content):
    with pytest.raises(RunError, match="here: "):
        Session(content, ENTRY, "here")


def test_refuses_a_graph_that_is_not_as_declared():
    other = ENTRY.model_copy(update={"outputs": (TensorEntry(name="mean", dtype="float32", shape=("n", 2)),)})
    with pytest.raises(RunError, match="here: the graph has no mean, which the manifest declares"):
        Session(product(), other, "here")


def endless():
    """A loop that ends when its condition, which nothing changes, is no longer true."""
    flag = helper.make_tensor_value_info("go_on", TensorProto.BOOL, [])
    number = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    again = helper.make_node("Identity", ["go_on"], ["still"])
    body = helper.make_graph([again], "body", [number, flag], [helper.make_tensor_value_info("still", 9, [])])
    true = helper.make_node("Constant", [], ["true"], value=numpy_helper.from_array(np.array(True)))
    nodes = [true, helper.make_node("Loop", ["", "true"], [], body=body), helper.make_node("MatMul", ["x", "w"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in (("x", 2), ("y", 3))]
    graph = helper.make_graph(nodes, "endless", ends[:1], ends[1:], [numpy_helper.from_array(WEIGHT, "w")])
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


@pytest.mark.parametrize("content", [endless(), product("subgraph"), product("function")])
def test_refuses_control_flow_and_functions(content):
    with pytest.raises(RunError, match="here: the graph holds control flow or functions"):
        Session(content, ENTRY, "here")


def declared(side, **changes):
    """What the manifest says, with something else of the input or the output."""
    tensor = getattr(ENTRY, side)[0].model_copy(update=changes)
    return ENTRY.model_copy(update={side: (tensor,)})


@pytest.mark.parametrize("side", ["inputs", "outputs"])
@pytest.mark.parametrize("changes", [{"shape": ("n", 9)}, {"shape": ("n",)}, {"shape": (7, 2, 3)}, {"dtype": "uint8"}])
def test_refuses_shapes_and_types_that_differ_from_the_manifest(side, changes):
    with pytest.raises(RunError, match=r"here: [xy] is tensor\(float\) .* in the graph, and the manifest declares"):
        Session(product(), declared(side, **changes), "here")


def test_what_a_graph_leaves_open_is_checked_when_it_runs():
    """The largest number of x says how many columns of x y has."""
    zero = helper.make_node("Constant", [], ["zero"], value=numpy_helper.from_array(np.array([0])))
    one = helper.make_node("Constant", [], ["one"], value=numpy_helper.from_array(np.array([1])))
    nodes = [
        *(zero, one, helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0)),
        helper.make_node("Cast", ["most"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["whole", "zero"], ["end"]),
        helper.make_node("Slice", ["x", "zero", "end", "one"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in (("x", 5), ("y", "m"))
    ]
    graph = helper.make_graph(nodes, "open", ends[:1], ends[1:])
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    session = Session(content, declared("inputs", shape=("n", 5)), "here")
    assert session({"x": np.full((4, 5), 3, np.float32)})["y"].shape == (4, 3)
    with pytest.raises(RunError, match=r"here: y came as \(4, 2\), and the manifest declares \(4, 3\)"):
        session({"x": np.full((4, 5), 2, np.float32)})


def test_what_onnx_runtime_says_while_it_runs_is_one_error():
    session = Session(product(), ENTRY, "here")
    with pytest.raises(RunError, match="here: ONNX Runtime cannot run the graph"):
        session({"x": np.zeros((4, 7), np.float32)})
    with pytest.raises(RunError, match="here: the manifest declares no logits"):
        session({"x": np.zeros((4, 2), np.float32)}, ("logits",))


def test_onnx_runtime_writes_nothing_to_the_terminal(capfd):
    nodes = [
        helper.make_node("Cast", ["x"], ["index"], to=TensorProto.INT64),
        helper.make_node("GatherElements", ["x", "index"], ["y"], name="\x1b]0;title\x07", axis=1),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    graph = helper.make_graph(nodes, "outside", ends[:1], ends[1:])
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    session = Session(content, declared("inputs", shape=("n", 3)), "here")
    with pytest.raises(RunError, match="here: ONNX Runtime cannot run the graph") as caught:
        session({"x": np.full((4, 3), 9, np.float32)})
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
def test_a_damaged_graph_runs_or_gives_one_error(changes):
    content = bytearray(product("attribute"))
    for place, value in changes:
        content[place % len(content)] = value
    with suppress(RunError):
        Session(bytes(content), ENTRY, "here")({"x": np.zeros((1, 2), np.float32)})
