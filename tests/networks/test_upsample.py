from isthmus.networks import Shapes
from isthmus.networks.upsample import upsample_decoder, upsample_encoder
from isthmus.recipes import UpsampleNetwork

SHAPES = Shapes((28, 28, 1), (10,), 1)


def test_has_the_sizes_of_the_tutorial():
    """By hand: kernels of 3x3 times channels in and out, and a bias for each out."""
    encoder, decoder = (
        upsample_encoder(UpsampleNetwork(), SHAPES),
        upsample_decoder(UpsampleNetwork(), SHAPES),
    )
    assert [layer.count_params() for layer in encoder.layers if layer.weights] == [80, 584, 584, 584]
    assert encoder.output_shape == (None, 7, 7, 8)
    sizes = [11 * 3136, 9 * 64 * 64 + 64, 9 * 64 * 32 + 32, 9 * 32 * 32 + 32, 9 * 32 + 1]
    assert [layer.count_params() for layer in decoder.layers if layer.weights] == sizes


def test_strides_say_how_far_the_grid_shrinks():
    spec = UpsampleNetwork(filters=(2, 3), strides=(1, 1), decoder_filters=(2,))
    assert upsample_encoder(spec, Shapes((5, 7, 1), (2,), 1)).output_shape == (None, 5, 7, 3)
    assert upsample_decoder(spec, Shapes((5, 7, 1), (2,), 1)).output_shape == (None, 5, 7, 1)
