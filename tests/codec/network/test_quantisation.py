import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from isthmus.codec.network import assembly
from isthmus.codec.network.nodes import Interpolation, Product, Rectifier
from isthmus.codec.network.quantisation import quantise
from isthmus.errors import RunError

FLOAT, BYTES = TensorProto.FLOAT, TensorProto.UINT8


def run_floats(graph, inputs):
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: inputs}), strict=True))


@pytest.fixture(autouse=True)
def _fine_weights(monkeypatch):
    """Weights of many bits, so that what is compared is the arithmetic and not their rounding."""
    monkeypatch.setattr(assembly, "WEIGHT_BITS", 22)


def compare(graph, shape, outputs=("y",), tolerance=0.004, count=20):
    """The exact copy against ONNX Runtime, on codes."""
    network = quantise(graph, outputs, shape, 4, 128, "graph")
    codes = np.rint(np.random.default_rng(0).standard_normal((count, *shape)) * 16).astype(np.int64)
    expected = run_floats(graph, (codes / 16).astype(np.float32))
    found = network(codes)
    for name in outputs:
        values = found[name] / 2 ** network.fraction(name)
        assert values.shape == expected[name].shape
        np.testing.assert_allclose(values, expected[name], atol=tolerance)
    return network


@pytest.fixture
def one(graph_maker):
    """A graph from z `(n, 4)` to y around a dense layer and whatever follows."""

    def make(nodes, constants=None, dim=4, units=12, shape=(12,)):
        rng = np.random.default_rng(0)
        return graph_maker(
            [("MatMul", ["z", "w"], ["h"], {}), *nodes],
            [("z", [dim], FLOAT)],
            [("y", shape, FLOAT)],
            {"w": rng.standard_normal((dim, units)).astype(np.float32), **(constants or {})},
        )

    return make


ACTIVATIONS = {
    "relu": [("Relu", ["h"], ["y"], {})],
    "leaky_relu": [("LeakyRelu", ["h"], ["y"], {"alpha": 0.2})],
    "elu": [("Elu", ["h"], ["y"], {})],
    "silu": [("Sigmoid", ["h"], ["s"], {}), ("Mul", ["h", "s"], ["y"], {})],
    "tanh": [("Tanh", ["h"], ["y"], {})],
    "sigmoid": [("Sigmoid", ["h"], ["y"], {})],
    "softplus": [("Softplus", ["h"], ["y"], {})],
    "gelu": [
        ("Div", ["h", "root"], ["d"], {}),
        ("Erf", ["d"], ["e"], {}),
        ("Add", ["e", "one"], ["f"], {}),
        ("Mul", ["h", "f"], ["g"], {}),
        ("Mul", ["g", "half"], ["y"], {}),
    ],
}
NUMBERS = {"root": np.float32(2**0.5), "one": np.float32(1), "half": np.float32(0.5)}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(one, name):
    network = compare(one(ACTIVATIONS[name], NUMBERS), (4,))
    kind = Rectifier if name.endswith("relu") else Interpolation
    assert [type(node) for node in network.nodes[1:]][:2] == [Product, kind]


@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 2, 0]])
@pytest.mark.parametrize("strides", [[1, 1], [2, 2], [2, 1]])
@pytest.mark.parametrize("op", ["Conv", "ConvTranspose"])
def test_convolutions(one, op, strides, pads):
    rng = np.random.default_rng(1)
    constants = {
        "grid": np.array([-1, 3, 5, 4]),
        "k": rng.standard_normal((2, 3, 3, 3) if op == "Conv" else (3, 2, 3, 3)).astype(np.float32),
        "b": rng.standard_normal(2).astype(np.float32),
    }
    graph = one(
        [("Reshape", ["h", "grid"], ["g"], {}), (op, ["g", "k", "b"], ["y"], {"strides": strides, "pads": pads})],
        constants,
        units=60,
        shape=[None] * 3,
    )
    compare(graph, (4,))


def test_a_dilated_one_and_one_whose_stride_leaves_gaps(one):
    kernel = {"grid": np.array([-1, 1, 6, 5]), "k": np.ones((1, 1, 2, 2), np.float32)}
    reshape = ("Reshape", ["h", "grid"], ["g"], {})
    for node in (
        ("Conv", ["g", "k"], ["y"], {"dilations": [2, 3]}),
        ("ConvTranspose", ["g", "k"], ["y"], {"strides": [3, 3], "output_padding": [1, 2]}),
        ("ConvTranspose", ["g", "k"], ["y"], {"strides": [2, 2], "dilations": [2, 1]}),
    ):
        compare(one([reshape, node], kernel, units=30, shape=[None] * 3), (4,))


def test_moves_cost_nothing(one):
    constants = {
        "grid": np.array([-1, 3, 2, 2]),
        "wide": np.array([1, 1, 1, 2, 1]),
        "axis": np.array([3]),
        "flat": np.array([-1, 24]),
        "w2": np.random.default_rng(3).standard_normal((24, 5)).astype(np.float32),
    }
    nodes = [
        ("Reshape", ["h", "grid"], ["a"], {}),
        ("Transpose", ["a"], ["b"], {"perm": [0, 2, 3, 1]}),
        ("Unsqueeze", ["b", "axis"], ["c"], {}),
        ("Tile", ["c", "wide"], ["d"], {}),
        ("Reshape", ["d", "flat"], ["e"], {}),
        ("MatMul", ["e", "w2"], ["y"], {}),
    ]
    network = compare(one(nodes, constants, shape=(5,)), (4,))
    assert [type(node) for node in network.nodes[1:]] == [Product, Product]


def test_a_batch_that_wanders_through_the_axes(one):
    nodes = [("Transpose", ["h"], ["a"], {"perm": [1, 0]}), ("Transpose", ["a"], ["y"], {"perm": [1, 0]})]
    compare(one(nodes), (4,))
    with pytest.raises(RunError, match="no batch as its first axis"):
        quantise(one([nodes[0], ("Relu", ["a"], ["y"], {})]), ("y",), (4,), 4, 128, "graph")


MOVED = {
    "Concat": ({"axis": 3}, ["g"], {}),
    "DepthToSpace": ({"blocksize": 2}, [], {}),
    "DepthToSpace, by columns": ({"blocksize": 2, "mode": "CRD"}, [], {}),
    "Gather": ({"axis": 3}, ["i"], {"i": np.array([[2, -1], [0, 0]])}),
    "Pad": ({}, ["p", "v"], {"p": np.array([0, 0, 1, 0, 0, 0, 0, 2]), "v": np.float32(0)}),
    "Pad, at the edge": ({"mode": "edge"}, ["p"], {"p": np.array([0, 0, 1, 2, 0, 0, 2, 3])}),
    "Pad, mirrored": ({"mode": "reflect"}, ["p"], {"p": np.array([0, 0, 1, 2, 0, 0, 1, 1])}),
    "Resize": ({"mode": "nearest"}, ["", "s"], {"s": np.float32([1, 1, 2, 3])}),
    "Resize, as Keras does": (
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        ["", "s"],
        {"s": np.float32([1, 1, 3, 2])},
    ),
    "Resize, some axes": ({"mode": "nearest", "axes": [2, 3]}, ["", "", "sides"], {"sides": np.array([8, 9])}),
    "Slice": (
        {},
        ["a", "b", "c", "d"],
        {"a": np.array([1, -1]), "b": np.array([99, -99]), "c": np.array([2, 3]), "d": np.array([2, -2])},
    ),
    "SpaceToDepth": ({"blocksize": 1}, [], {}),
    "Transpose": ({"perm": [0, 3, 1, 2]}, [], {}),
}


@pytest.mark.parametrize("name", MOVED)
def test_moves_are_those_of_the_graph(one, name):
    attributes, others, constants = MOVED[name]
    nodes = [
        ("Reshape", ["h", "grid"], ["g"], {}),
        (name.partition(",")[0], ["g", *others], ["y"], attributes),
    ]
    grid = {"grid": np.array([-1, 4, 4, 3])}
    compare(one(nodes, {**grid, **constants}, units=48, shape=[None] * (4 if name == "Gather" else 3)), (4,))


TWICE = {"s": np.float32([1, 1, 2, 2])}
NO_MOVES = {
    "blended": ("Resize", {"mode": "linear"}, ["", "s"], TWICE),
    "blended by four": ("Resize", {"mode": "cubic"}, ["", "s"], TWICE),
    "fewer": ("Resize", {"mode": "nearest"}, ["", "s"], {"s": np.float32([1, 1, 0.5, 0.5])}),
    "half as many again": ("Resize", {"mode": "nearest"}, ["", "s"], {"s": np.float32([1, 1, 1.5, 1])}),
    "from corner to corner": (
        "Resize",
        {"mode": "nearest", "coordinate_transformation_mode": "align_corners"},
        ["", "s"],
        TWICE,
    ),
    "a part of it": (
        "Resize",
        {"mode": "nearest", "coordinate_transformation_mode": "tf_crop_and_resize"},
        ["r", "s"],
        {"r": np.float32([0, 0, 0, 0, 1, 1, 1, 1]), **TWICE},
    ),
    "padded with ones": ("Pad", {}, ["p", "v"], {"p": np.array([0, 0, 1, 0, 0, 0, 0, 0]), "v": np.float32(1)}),
    "joined to a constant": ("Concat", {"axis": 0}, ["k"], {"k": np.full((1, 4, 4, 3), 5, np.float32)}),
}


@pytest.mark.parametrize("name", NO_MOVES)
def test_what_only_looks_like_a_move_is_refused(one, name):
    op, attributes, others, constants = NO_MOVES[name]
    nodes = [("Reshape", ["h", "grid"], ["g"], {}), (op, ["g", *others], ["y"], attributes)]
    graph = one(nodes, {"grid": np.array([-1, 4, 4, 3]), **constants}, units=48, shape=[None] * 3)
    with pytest.raises(RunError, match="no exact copy"):
        quantise(graph, ("y",), (4,), 4, 128, "graph")


@pytest.mark.parametrize("bounds", [["low", "high"], ["low"], ["", "high"], []])
def test_clipping_on_one_side(one, bounds):
    constants = {name: np.float32(value) for name, value in (("low", -0.5), ("high", 0.75)) if name in bounds}
    compare(one([("Clip", ["h", *bounds], ["y"], {})], constants), (4,))


def test_an_attribute_that_is_not_known_is_refused(one):
    """As Clip had its bounds before version 11."""
    graph = one([("Clip", ["h"], ["y"], {})])
    graph.graph.node[-1].attribute.append(helper.make_attribute("max", 1.0))
    with pytest.raises(RunError, match=r"operator Clip .* has no exact copy"):
        quantise(graph, ("y",), (4,), 4, 128, "graph")


def test_images_of_a_batch_may_not_be_mixed(one):
    graph = one([("Gather", ["h", "first"], ["y"], {"axis": 0})], {"first": np.array([0, 0])})
    with pytest.raises(RunError, match="mixes the images"):
        quantise(graph, ("y",), (4,), 4, 128, "graph")


def test_two_branches_are_added_and_joined(one):
    rng = np.random.default_rng(5)
    constants = {
        "w2": rng.standard_normal((4, 12)).astype(np.float32),
        "shift": rng.standard_normal(12).astype(np.float32),
    }
    branch = [("MatMul", ["z", "w2"], ["g"], {}), ("Relu", ["g"], ["r"], {}), ("Sub", ["h", "shift"], ["s"], {})]
    compare(one([*branch, ("Add", ["s", "r"], ["y"], {})], constants), (4,))
    compare(one([*branch, ("Concat", ["s", "r"], ["y"], {"axis": 1})], constants, shape=(24,)), (4,))


def test_padding_after_a_function_pads_with_zeros(one):
    nodes = [("Sigmoid", ["h"], ["s"], {}), ("Pad", ["s", "pads"], ["y"], {})]
    compare(one(nodes, {"pads": np.array([0, 1, 0, 2])}, shape=(15,)), (4,))


def test_a_parameter_that_is_the_same_for_all(one):
    constants = {"zero": np.zeros(1, np.float32), "spread": np.float32(0.7), "w2": np.zeros((4, 12), np.float32)}
    nodes = [("Shape", ["h"], ["s"], {}), ("ConstantOfShape", ["s"], ["o"], {})]
    network = compare(
        one([*nodes, ("Add", ["o", "spread"], ["a"], {}), ("Softplus", ["a"], ["y"], {})], constants), (4,)
    )
    assert network(np.zeros((3, 4)))["y"].shape == (3, 12)


def test_what_is_made_of_a_function_of_constants(one):
    constants = {"zero": np.zeros(1, np.float32), "spread": np.float32(0.7), "floor": np.float32(-4)}
    nodes = [("Shape", ["h"], ["s"], {}), ("ConstantOfShape", ["s"], ["o"], {}), ("Add", ["o", "spread"], ["a"], {})]
    nodes += [("Softplus", ["a"], ["p"], {}), ("Add", ["p", "floor"], ["y"], {})]
    compare(one(nodes, constants), (4,))


def test_the_threshold_of_an_encoder_is_exact(graph_maker):
    graph = graph_maker(
        [
            ("Cast", ["images"], ["f"], {"to": FLOAT}),
            ("Mul", ["f", "recip"], ["s"], {}),
            ("Greater", ["s", "half"], ["g"], {}),
            ("Cast", ["g"], ["c"], {"to": FLOAT}),
            ("Flatten", ["c"], ["flat"], {}),
            ("MatMul", ["flat", "eye"], ["y"], {}),
        ],
        [("images", (16, 16, 1), BYTES)],
        [("y", [256], FLOAT)],
        {"recip": np.float32(1 / 255), "half": np.float32(0.5), "eye": np.eye(256, dtype=np.float32)},
    )
    network = quantise(graph, ("y",), (16, 16, 1), 0, 255, "encoder")
    levels = np.arange(256).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(network(levels)["y"][0] >> 16, np.arange(256) > 127)


@pytest.mark.parametrize("op", ["Sin", "Softmax", "LayerNormalization", "ReduceMean"])
def test_an_operator_without_an_exact_copy_is_named(one, op):
    constants = {"scale": np.ones(12, np.float32)} if op == "LayerNormalization" else {}
    graph = one([(op, ["h", *constants], ["y"], {})], constants)
    with pytest.raises(RunError, match=f"operator {op} .* has no exact copy"):
        quantise(graph, ("y",), (4,), 4, 128, "graph")


def test_weights_too_large_for_exact_sums_are_refused(one, monkeypatch):
    monkeypatch.setattr(assembly, "WEIGHT_BITS", 50)
    with pytest.raises(RunError, match="cannot be computed exactly"):
        quantise(
            one(
                [("Relu", ["h"], ["r"], {}), ("MatMul", ["r", "w2"], ["y"], {})], {"w2": np.ones((12, 12), np.float32)}
            ),
            ("y",),
            (4,),
            4,
            128,
            "graph",
        )


def test_a_part_of_a_layer_computes_no_more_than_that(one):
    nodes = [("Split", ["h"], ["a", "b"], {"axis": 1, "num_outputs": 2}), ("Tanh", ["a"], ["y"], {})]
    network = compare(one(nodes, shape=(6,)), (4,))
    assert [node.size for node in network.nodes[1:]] == [6, 6]


def test_rounded_weights_are_near_the_graph_s(one, monkeypatch):
    monkeypatch.setattr(assembly, "WEIGHT_BITS", 10)
    compare(one([("Relu", ["h"], ["y"], {})]), (4,), tolerance=0.05)


@pytest.mark.parametrize("weight", [np.array(np.nan), np.zeros(11)], ids=["nan", "shape"])
def test_a_graph_of_a_diverged_model_or_of_shapes_that_differ(one, weight):
    graph = one([("Add", ["h", "b"], ["y"], {})], {"b": weight.astype(np.float32)})
    with pytest.raises(RunError, match="graph: the graph has no exact copy"):
        quantise(graph, ("y",), (4,), 4, 128, "graph")
