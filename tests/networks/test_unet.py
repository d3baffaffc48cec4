import keras
import numpy as np
import pytest
from keras import ops

from isthmus.networks import Shapes, build_networks
from isthmus.recipes import UNetwork


def built(spec, shape, channels=1):
    return build_networks(spec, Shapes(shape, (5,), channels))


@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 8, 3), (7, 13, 2), (4, 4, 1)])
@pytest.mark.parametrize("filters", [(2, 3), (2, 3, 4)])
def test_any_size_comes_back(shape, filters):
    encoder, decoder = built(UNetwork(filters=filters, convolutions=1), shape, 2)
    features, *skips = encoder(np.zeros((3, *shape), np.float32))
    assert features.shape[0] == 3
    assert len(skips) == len(filters) - 1
    assert decoder([ops.zeros((3, 5)), *skips]).shape == (3, *shape[:2], 2)


def test_the_pixels_are_at_hand_where_the_image_is_made():
    """With a last layer that copies one channel, the image itself comes out: nothing is lost on the way."""
    shape = (8, 8, 1)
    encoder, decoder = built(UNetwork(filters=(2, 3), convolutions=1), shape)
    out = decoder.get_layer("decoder_out")
    kernel, bias = (np.zeros(weight.shape, np.float32) for weight in out.get_weights())
    kernel[1, 1, -1] = 1.0
    out.set_weights([kernel, bias])
    images = np.random.default_rng(0).random((2, *shape), np.float32)
    _, *skips = encoder(images)
    found = ops.convert_to_numpy(decoder([ops.ones((2, 5)), *skips]))
    np.testing.assert_allclose(found, images, rtol=1e-6)


def test_both_the_code_and_the_skips_reach_the_image():
    encoder, decoder = built(UNetwork(filters=(4, 4), convolutions=1, activation="tanh"), (8, 8, 1))
    _, skip = encoder(np.random.default_rng(0).random((1, 8, 8, 1), np.float32))
    codes = ops.ones((1, 5))
    before = ops.convert_to_numpy(decoder([codes, skip]))
    assert np.abs(ops.convert_to_numpy(decoder([2 * codes, skip])) - before).max() > 1e-3
    assert np.abs(ops.convert_to_numpy(decoder([codes, 2 * skip])) - before).max() > 1e-3


def test_layers_have_names_of_their_own():
    encoder, decoder = built(UNetwork(), (28, 28, 1))
    names = [layer.name for model in (encoder, decoder) for layer in model.layers if layer.weights]
    assert len(names) == len(set(names))
    keras.backend.clear_session()
