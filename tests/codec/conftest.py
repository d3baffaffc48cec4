import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from isthmus.codec.coder.distributions import BlackOrWhite, Discretised
from isthmus.codec.model.codec_model import CodecModel
from isthmus.codec.network.quantisation import quantise

FLOAT, BYTES = TensorProto.FLOAT, TensorProto.UINT8


def onnx_graph(nodes, inputs, outputs, constants):
    """A graph of nodes `(op, inputs, outputs, attributes)`."""
    made = [helper.make_node(op, list(ins), list(outs), **attributes) for op, ins, outs, attributes in nodes]
    ends = [
        [helper.make_tensor_value_info(name, kind, ["n", *shape]) for name, shape, kind in group]
        for group in (inputs, outputs)
    ]
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    model = helper.make_model(
        helper.make_graph(made, "hand-made", *ends, initialisers), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def make_model(kind="bernoulli", shape=(4, 3, 1), dim=2, seed=0, hidden=6):
    """A small model of random weights: dense encoder, and a dense decoder behind a convolution."""
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    dims = int(np.prod(shape))
    several = {"bernoulli": 1, "logistic": 2, "mixture": 6}[kind]
    outs = channels * several

    def draw(*size, scale=1.0):
        return (rng.standard_normal(size) * scale).astype(np.float32)

    threshold = [("Greater", ["scaled", "half"], ["white"], {}), ("Cast", ["white"], ["pixels"], {"to": FLOAT})]
    encoder = onnx_graph(
        [
            ("Cast", ["images"], ["floats"], {"to": FLOAT}),
            ("Div", ["floats", "white_level"], ["scaled"], {}),
            *(threshold if kind == "bernoulli" else [("Identity", ["scaled"], ["pixels"], {})]),
            ("Flatten", ["pixels"], ["flat"], {}),
            ("MatMul", ["flat", "w1"], ["h1"], {}),
            ("Add", ["h1", "b1"], ["h2"], {}),
            ("Elu", ["h2"], ["h"], {}),
            ("MatMul", ["h", "w_mean"], ["mean"], {}),
            ("Gemm", ["h", "w_var", "b_var"], ["log_variance"], {}),
        ],
        [("images", shape, BYTES)],
        [("mean", [dim], FLOAT), ("log_variance", [dim], FLOAT)],
        {
            "white_level": np.float32(255),
            "half": np.float32(0.5),
            "w1": draw(dims, hidden, scale=0.4),
            "b1": draw(hidden),
            "w_mean": draw(hidden, dim, scale=0.5),
            "w_var": draw(hidden, dim, scale=0.2),
            "b_var": np.full(dim, -3, np.float32),
        },
    )
    heads = {
        "bernoulli": [("Transpose", ["raw"], ["logits"], {"perm": [0, 2, 3, 1]})],
        "logistic": [
            ("Transpose", ["raw"], ["last"], {"perm": [0, 2, 3, 1]}),
            ("Split", ["last"], ["location", "spread"], {"axis": 3, "num_outputs": 2}),
            ("Add", ["location", "half"], ["mean"], {}),
            ("Softplus", ["spread"], ["soft"], {}),
            ("Add", ["soft", "floor"], ["log_scale"], {}),
        ],
        "mixture": [
            ("Transpose", ["raw"], ["last"], {"perm": [0, 2, 3, 1]}),
            ("Reshape", ["last", "by_component"], ["each"], {}),
            ("Split", ["each"], ["mixture_logits", "location", "spread"], {"axis": 4, "num_outputs": 3}),
            ("Add", ["location", "centres"], ["means"], {}),
            ("Softplus", ["spread"], ["soft"], {}),
            ("Add", ["soft", "floor"], ["log_scales"], {}),
        ],
    }[kind]
    names = {
        "bernoulli": ("logits",),
        "logistic": ("mean", "log_scale"),
        "mixture": ("mixture_logits", "means", "log_scales"),
    }[kind]
    decoder = onnx_graph(
        [
            ("MatMul", ["latent", "d1"], ["g1"], {}),
            ("Relu", ["g1"], ["g2"], {}),
            ("Reshape", ["g2", "grid"], ["g3"], {}),
            ("Conv", ["g3", "kernel", "b"], ["raw"], {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
            *heads,
        ],
        [("latent", [dim], FLOAT)],
        [(name, shape if kind != "mixture" else [*shape, 2], FLOAT) for name in names],
        {
            "d1": draw(dim, 3 * height * width, scale=0.7),
            "grid": np.array([-1, 3, height, width]),
            "kernel": draw(outs, 3, 3, 3, scale=0.3),
            "b": draw(outs, scale=0.3),
            "half": np.float32(0.5),
            "floor": np.float32(-4),
            "centres": np.array([0.25, 0.75], np.float32),
            "by_component": np.array([-1, height, width, channels, 6]),
        },
    )
    pixels = BlackOrWhite() if kind == "bernoulli" else Discretised("logistic", mixture=kind == "mixture")
    return CodecModel(
        shape,
        quantise(encoder, ("mean", "log_variance"), shape, 0, 255, "encoder"),
        quantise(decoder, pixels.outputs, (dim,), 4, 128, "decoder"),
        pixels,
        0.5 if kind == "bernoulli" else None,
    )


@pytest.fixture(scope="session")
def models():
    """Small models of each kind; the mixture's images are in colour."""
    return {
        "bernoulli": make_model("bernoulli"),
        "logistic": make_model("logistic", seed=1),
        "mixture": make_model("mixture", shape=(3, 2, 3), dim=3, seed=2),
    }


@pytest.fixture(scope="session")
def model_maker():
    """`make_model` itself."""
    return make_model


@pytest.fixture(scope="session")
def graph_maker():
    """`onnx_graph` itself."""
    return onnx_graph


@pytest.fixture(scope="session")
def plain_decoder():
    """The second decoder."""
    path = Path(__file__).parent / "plain_decoder.py"
    spec = importlib.util.spec_from_file_location("plain_decoder", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pictures():
    """Draw images that a model can code, of one kind of content or another."""

    def draw(model, count, content="noise", seed=0):
        rng = np.random.default_rng(seed)
        shape = (count, *model.shape)
        images = {
            "noise": lambda: rng.integers(0, 256, shape),
            "black": lambda: np.zeros(shape),
            "white": lambda: np.full(shape, 255),
            "flat": lambda: np.broadcast_to(rng.integers(0, 256, (count, 1, 1, 1)), shape),
        }[content]().astype(np.uint8)
        return np.where(images > 127, 255, 0).astype(np.uint8) if model.two_levels else images

    return draw
