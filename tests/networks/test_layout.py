import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from isthmus.networks.layout import Shapes, grow, halved


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
