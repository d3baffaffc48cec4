import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from isthmus.errors import RecipeError
from isthmus.networks import build_networks
from isthmus.networks.layout import Shapes, grow, halved
from isthmus.recipes import ConvNetwork, ResidualNetwork, UNetwork, UpsampleNetwork


@given(st.integers(1, 500), st.integers(0, 6))
def test_halving_is_what_padded_convolutions_do(size, times):
    side = halved(size, times)
    assert side == int(np.ceil(size / 2**times))
    assert 0 <= side * 2**times - size < 2**times


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 5), (5, 8), (1, 1), (9, 11)])
def test_the_surplus_is_cut_from_all_sides_alike(height, width):
    def body(grid):
        return keras.layers.UpSampling2D(4)(grid)

    decoder = grow(Shapes((height, width, 1), (2,), 3), 2, 3, "linear", body)
    codes = np.random.default_rng(0).standard_normal((2, 2), np.float32)
    grid = ops.convert_to_numpy(keras.Model(decoder.inputs[0], decoder.get_layer("decoder_grid").output)(codes))
    whole = grid.repeat(4, axis=1).repeat(4, axis=2)
    top, left = (whole.shape[1] - height) // 2, (whole.shape[2] - width) // 2
    expected = whole[:, top : top + height, left : left + width]
    np.testing.assert_array_equal(ops.convert_to_numpy(decoder(codes)), expected)


@pytest.mark.parametrize(
    "network",
    [
        ConvNetwork(filters=(3, 2)),
        UpsampleNetwork(),
        UNetwork(filters=(2, 3, 2)),
        ResidualNetwork(filters=(2, 3), patch=2),
    ],
)
def test_a_code_with_a_grid_keeps_places(network):
    """A change of one position of the code changes the image around it, and not in the opposite corner."""
    shapes = Shapes((32, 24, 1), (8, 6, 2), 1)
    _, decoder = build_networks(network, shapes)
    skips = [np.zeros((2, *skip.shape[1:]), np.float32) for skip in decoder.inputs[1:]]
    codes = np.zeros((2, 8, 6, 2), np.float32)
    codes[1, 0, 0] = 1.0
    for weight in decoder.weights:
        weight.assign(np.full(weight.shape, 0.1))
    flat = codes.reshape(2, -1)
    image = keras.ops.convert_to_numpy(decoder([flat, *skips] if skips else flat))
    change = np.abs(image[1] - image[0])
    assert change[:4, :4].min() > 0
    assert change[24:, 20:].max() == 0


def test_a_code_with_another_grid_is_refused():
    expected = r"a grid of 5 x 4, and the network makes one of 8 x 6 of images 24 wide and 32 high: set latent.grid=8,6"
    with pytest.raises(RecipeError, match=expected):
        build_networks(ConvNetwork(filters=(3, 2)), Shapes((32, 24, 1), (5, 4, 2), 1))
