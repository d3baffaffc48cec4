import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from isthmus.graphs.writer.model import write_model
from isthmus.graphs.writer.registry import NoWriterError

ACTIVATIONS = [
    "linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus", "softmax", "log_softmax",
    "relu6", "selu", "celu", "hard_sigmoid", "hard_silu", "mish", "exponential", "softsign", "log_sigmoid",
]  # fmt: skip
FUNCTIONS = [
    "abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "hard_silu", "negative", "round", "sign", "sin", "square",
    "stop_gradient", "tanh", "zeros_like", "ones_like",
]  # fmt: skip
POSITIVE = ["log", "log1p", "reciprocal", "rsqrt", "sqrt"]
ARITHMETIC = ["add", "subtract", "multiply", "divide", "maximum", "minimum"]
COMPARISONS = ["equal", "greater", "greater_equal", "less", "less_equal"]
SIDES = st.tuples(*[st.integers(1, 4)] * 3)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(5,), (3, 2, 4)])
def test_activations(agrees, name, shape):
    agrees(keras.layers.Activation(name), shape)


@pytest.mark.parametrize("name", ["relu", "gelu", "softmax", "silu"])
def test_activations_of_layers(agrees, name):
    agrees(keras.layers.Dense(3, activation=name), (5,))
    agrees(keras.layers.Conv2D(3, 2, activation=name), (4, 3, 2))


@pytest.mark.parametrize(
    "layer",
    [keras.layers.ReLU(2.0), keras.layers.ReLU(negative_slope=0.1), keras.layers.PReLU(), keras.layers.Softmax(1)],
    ids=lambda layer: layer.name,
)
def test_activations_with_settings(agrees, layer):
    agrees(layer, (4, 3, 2))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(agrees, name):
    agrees(getattr(ops, name), (3, 4))


@pytest.mark.parametrize("name", POSITIVE)
def test_functions_of_positive_numbers(agrees, name):
    agrees(getattr(ops, name), (3, 4), low=0.2)


@settings(max_examples=8)
@given(SIDES, st.sets(st.integers(0, 2)), st.sampled_from(ARITHMETIC), st.booleans())
def test_arithmetic_broadcasts(agrees, shape, ones, name, images):
    """With sides of 1, with constants on either side, and of images that are channels first."""
    narrow = tuple(1 if axis in ones else size for axis, size in enumerate(shape))
    constant = np.random.default_rng(1).uniform(0.5, 2, narrow).astype(np.float32)
    function = getattr(ops, name)

    def build(x, y):
        x = keras.layers.Conv2D(shape[-1], 1)(x) if images else x
        return function(function(constant, x), y) + function(x, 2.0)

    agrees(build, shape, narrow, low=0.5)


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons_and_choices(agrees, name):
    function = getattr(ops, name)
    agrees(lambda x, y: ops.cast(function(x, y), "float32"), (4, 3), (1, 3), dtype="int32")
    agrees(lambda x: ops.where(function(x, 0.5), x, -1.0), (4, 3))


def test_bounds(agrees):
    agrees(lambda x: ops.clip(x, -1, 0.5), (9,))


def test_pixels_in_and_out(agrees):
    agrees(lambda x: ops.cast(x, "float32") / 255.0, (3, 4), dtype="uint8", low=0, high=255)
    agrees(lambda x: ops.cast(ops.round(x), "uint8"), (3, 4), low=0, high=255)


def test_rounding_to_decimals_has_no_writer():
    x = keras.Input((3,))
    with pytest.raises(NoWriterError, match="rounding to decimals"):
        write_model(keras.Model(x, {"y": ops.round(x, 2)}), ["y"])
