import keras
import numpy as np
import pytest

from isthmus.networks import Shapes, build_networks
from isthmus.recipes import ResidualNetwork

SHAPES = Shapes((16, 12, 3), (2, 2, 5), 3, initial_output=0.5)
SPEC = ResidualNetwork(filters=(6, 8), patch=4, blocks=2)


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def fill(decoder):
    """Give the last layer, which starts at zero and so makes grey images, other weights."""
    grey = array(decoder(np.ones((1, 20), np.float32)))
    np.testing.assert_array_equal(grey, np.full_like(grey, 0.5))
    kernel = decoder.get_layer("decoder_patches").kernel
    assert not array(kernel).any()
    kernel.assign(np.random.default_rng(2).standard_normal(kernel.shape))


def test_starts_as_an_affine_network():
    """A point on the line between two inputs has its output on the line between theirs."""
    encoder, decoder = build_networks(SPEC, SHAPES)
    fill(decoder)
    rng = np.random.default_rng(0)
    for network, shape in ((encoder, (16, 12, 3)), (decoder, (20,))):
        one, other = (rng.standard_normal((2, *shape)).astype(np.float32) for _ in range(2))
        together = array(network(3.0 * one - 2.0 * other))
        np.testing.assert_allclose(together, 3.0 * array(network(one)) - 2.0 * array(network(other)), atol=1e-4)
        assert together.std() > 0


def test_a_block_that_is_not_zero_is_not_affine():
    encoder, _ = build_networks(SPEC, SHAPES)
    last = encoder.get_layer("encoder_0_block_0_conv_1")
    assert not array(last.kernel).any()
    last.kernel.assign(np.ones(last.kernel.shape))
    images = np.random.default_rng(1).standard_normal((2, 16, 12, 3)).astype(np.float32)
    ends = array(encoder(images))
    middle = array(encoder(images.mean(axis=0, keepdims=True)))
    assert not np.allclose(middle, ends.mean(axis=0, keepdims=True), atol=1e-2)


@pytest.mark.parametrize("position", [(0, 0), (1, 2)])
def test_a_patch_is_written_by_one_position(position):
    """No patch overlaps another: a change at one position of the last grid is a change of its patch alone."""
    _, decoder = build_networks(SPEC, SHAPES)
    fill(decoder)
    out = decoder.get_layer("decoder_patches")
    grid = np.zeros((1, 4, 3, 6), np.float32)
    grid[0, *position] = 1.0
    changed = np.abs(array(out(grid)) - array(out(np.zeros_like(grid))))[0].max(axis=-1) > 0
    rows, columns = (slice(4 * i, 4 * i + 4) for i in position)
    assert changed[rows, columns].all()
    assert changed.sum() == 16
