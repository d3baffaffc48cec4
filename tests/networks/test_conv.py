import pytest

from isthmus.errors import RecipeError
from isthmus.networks import Shapes, build_networks
from isthmus.networks.conv import conv_decoder, conv_encoder
from isthmus.recipes import ConvNetwork


def test_has_the_sizes_of_the_tutorial():
    """What Keras prints for the network of TensorFlow's tutorial, layer by layer."""
    spec = ConvNetwork(filters=(32, 64), padding="valid", stem_filters=32)
    shapes = Shapes((28, 28, 1), (2,), 1)
    encoder, decoder = conv_encoder(spec, shapes), conv_decoder(spec, shapes)
    assert [layer.count_params() for layer in encoder.layers if layer.weights] == [320, 18_496]
    assert encoder.output_shape == (None, 6, 6, 64)
    assert [layer.count_params() for layer in decoder.layers if layer.weights] == [4_704, 18_496, 18_464, 289]


@pytest.mark.parametrize(("side", "kernel", "layers"), [(7, 3, 2), (28, 3, 3), (6, 5, 1), (15, 3, 3), (9, 4, 2)])
def test_unpadded_convolutions_have_a_smallest_image(side, kernel, layers):
    """A convolution of stride 2 without padding takes s to (s - k) // 2 + 1; the smallest side is found backwards."""
    smallest = 1
    for _ in range(layers):
        smallest = (smallest - 1) * 2 + kernel
    spec = ConvNetwork(filters=(2,) * layers, kernel=kernel, padding="valid")
    encoder = conv_encoder(spec, Shapes((smallest, side + smallest, 1), (2,), 1))
    assert encoder.output_shape[-1] >= 2
    with pytest.raises(RecipeError, match=f"leave nothing of an image {side + 40} wide and {smallest - 1} high"):
        conv_encoder(spec, Shapes((smallest - 1, side + 40, 1), (2,), 1))
    conv_encoder(spec.model_copy(update={"padding": "same"}), Shapes((smallest - 1, side, 1), (2,), 1))


def test_a_code_on_a_grid_needs_padding():
    """Without it the tutorial's encoder ends at 6 x 6, and its decoder starts at 7 x 7: no grid fits both."""
    spec, shapes = ConvNetwork(padding="valid"), Shapes((28, 28, 1), (7, 7, 2), 1)
    with pytest.raises(RecipeError, match=r"encoder's grid is 6 x 6 and the decoder's 7 x 7; .* network.padding=same"):
        build_networks(spec, shapes)
    encoder, _ = build_networks(spec.model_copy(update={"padding": "same"}), shapes)
    assert encoder.output_shape == (None, 7, 7, 64)


def test_the_decoder_goes_back_in_reverse():
    decoder = conv_decoder(ConvNetwork(filters=(3, 5, 7), stem_filters=2), Shapes((16, 16, 1), (2,), 1))
    assert [layer.filters for layer in decoder.layers if hasattr(layer, "filters")] == [7, 5, 3, 1]
