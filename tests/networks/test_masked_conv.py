import itertools

import keras
import numpy as np
import pytest
from keras import ops

from isthmus.networks import build_prior
from isthmus.networks.masked_conv import MaskedConv2D, OneHotLevels
from isthmus.recipes import MaskedConvPrior, UniformPrior


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize("sees_itself", [False, True])
def test_is_the_whole_convolution_with_a_masked_kernel(side, sees_itself):
    """Keras's own convolution, with the numbers at and after the centre set to zero as in the paper's figure 2."""
    layer = MaskedConv2D(3, side, sees_itself)
    grid = np.random.default_rng(0).standard_normal((2, 4, 5, 2)).astype(np.float32)
    layer.build(grid.shape)
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(rng.standard_normal(weight.shape))
    half = side // 2
    kernel = np.zeros((side, side, 2, 3), np.float32)
    kernel[: half + 1] = array(layer.kernel)
    for row, column in itertools.product(range(side), repeat=2):
        if (row, column) > (half, half) or ((row, column) == (half, half) and not sees_itself):
            kernel[row, column] = 0.0
    expected = ops.conv(grid, kernel, padding="same") + layer.bias
    np.testing.assert_allclose(array(layer(grid)), array(expected), rtol=1e-4, atol=1e-5)


def test_levels_are_told_apart():
    layer = OneHotLevels((4, 3))
    codes = np.array([[-1.0, -1.0], [-0.5, 0.0], [0.0, 1.0], [0.5, 0.0]], np.float32).reshape(1, 2, 2, 2)
    expected = np.concatenate([np.eye(4), np.eye(3)[[0, 1, 2, 1]]], axis=1).reshape(1, 2, 2, 7)
    np.testing.assert_array_equal(array(layer(codes + 1e-3)), expected)


def test_a_prior_without_a_network_has_none():
    assert build_prior(UniformPrior(), (2, 2, 1), (3,)) is None


def test_a_network_is_stored_and_read(tmp_path):
    model = build_prior(MaskedConvPrior(filters=3, blocks=1, kernel=3), (2, 3, 2), (4, 3))
    assert [tuple(output.shape) for output in model.output.values()] == [(None, 2, 3, 12)]
    model.save(tmp_path / "prior.keras")
    again = keras.models.load_model(tmp_path / "prior.keras")
    codes = np.zeros((2, 12), np.float32)
    np.testing.assert_array_equal(array(again(codes)["logits"]), array(model(codes)["logits"]))
