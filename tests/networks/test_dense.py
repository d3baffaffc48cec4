import numpy as np
from keras import ops

from isthmus.networks import Shapes
from isthmus.networks.dense import dense_decoder, dense_encoder
from isthmus.recipes import DenseNetwork

SHAPES = Shapes((3, 5, 2), (2,), 2)


def test_is_two_matrix_products():
    """The same by hand, from the weights."""
    spec = DenseNetwork(units=(6, 4), activation="tanh")
    encoder, decoder = dense_encoder(spec, SHAPES), dense_decoder(spec, SHAPES)
    rng = np.random.default_rng(0)
    for weight in (*encoder.weights, *decoder.weights):
        weight.assign(rng.normal(size=weight.shape))
    x, z = rng.normal(size=(4, 3, 5, 2)), rng.normal(size=(4, 2))

    def by_hand(network, values, hidden):
        weights = [ops.convert_to_numpy(weight) for weight in network.weights]
        for i, (kernel, bias) in enumerate(zip(weights[::2], weights[1::2], strict=True)):
            values = values @ kernel + bias
            values = np.tanh(values) if i < hidden else values
        return values

    np.testing.assert_allclose(
        ops.convert_to_numpy(encoder(x)), by_hand(encoder, x.reshape(4, -1), 2), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(decoder(z)), by_hand(decoder, z, 2).reshape(4, 3, 5, 2), rtol=1e-4, atol=1e-5
    )


def test_the_decoder_mirrors_the_encoder():
    decoder = dense_decoder(DenseNetwork(units=(6, 4)), SHAPES)
    assert [layer.units for layer in decoder.layers if hasattr(layer, "units")] == [4, 6, 30]
