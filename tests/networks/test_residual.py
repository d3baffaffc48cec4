import keras
import numpy as np
import pytest

from isthmus.networks import Shapes, build_networks
from isthmus.recipes import ResidualNetwork

SHAPES = Shapes((16, 12, 3), (2, 2, 5), 3)
SPEC = ResidualNetwork(filters=(6, 8), patch=4, blocks=2)


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def fill(decoder):
    """Give the last layer, which starts at zero, other weights."""
    kernel = decoder.get_layer("decoder_out").kernel
    assert not array(kernel).any()
    kernel.assign(np.random.default_rng(2).standard_normal(kernel.shape))


def test_starts_as_a_linear_network():
    """Twice the pixels make twice the features; so do codes, but for biases, which start at zero."""
    encoder, decoder = build_networks(SPEC, SHAPES)
    fill(decoder)
    rng = np.random.default_rng(0)
    for network, shape in ((encoder, (16, 12, 3)), (decoder, (20,))):
        one, other = (rng.standard_normal((2, *shape)).astype(np.float32) for _ in range(2))
        together = array(network(2.0 * one + other))
        np.testing.assert_allclose(together, 2.0 * array(network(one)) + array(network(other)), atol=1e-4)
        assert together.std() > 0


def test_a_block_that_is_not_zero_is_not_linear():
    encoder, _ = build_networks(SPEC, SHAPES)
    last = encoder.get_layer("encoder_0_block_0_conv_1")
    assert not array(last.kernel).any()
    last.kernel.assign(np.ones(last.kernel.shape))
    images = np.random.default_rng(1).standard_normal((2, 16, 12, 3)).astype(np.float32)
    assert not np.allclose(array(encoder(2.0 * images)), 2.0 * array(encoder(images)), atol=1e-2)


@pytest.mark.parametrize("position", [(0, 0), (1, 2)])
def test_a_patch_is_written_by_one_position(position):
    """No patch overlaps another: a change at one position of the last grid is a change of its patch alone."""
    _, decoder = build_networks(SPEC, SHAPES)
    fill(decoder)
    out = decoder.get_layer("decoder_out")
    grid = np.zeros((1, 4, 3, 6), np.float32)
    grid[0, *position] = 1.0
    changed = np.abs(array(out(grid)) - array(out(np.zeros_like(grid))))[0].max(axis=-1) > 0
    rows, columns = (slice(4 * i, 4 * i + 4) for i in position)
    assert changed[rows, columns].all()
    assert changed.sum() == 16
