import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from isthmus.graphs.writer.model import write_model
from isthmus.graphs.writer.registry import NoWriterError

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
PADDING = st.sampled_from(["same", "valid"])
IMAGES = st.tuples(st.integers(5, 9), st.integers(5, 9), st.integers(1, 3))


@settings(max_examples=10)
@given(IMAGES, st.integers(1, 4), PAIRS, PAIRS, PADDING, st.booleans())
def test_convolutions(agrees, shape, filters, kernel, strides, padding, use_bias):
    settings = {"strides": strides, "padding": padding, "use_bias": use_bias}
    agrees(layers.Conv2D(filters, kernel, **settings), shape)


@settings(max_examples=10)
@given(IMAGES, st.integers(1, 4), PAIRS, PAIRS, PADDING, st.booleans())
def test_transposed_convolutions(agrees, shape, filters, kernel, strides, padding, use_bias):
    settings = {"strides": strides, "padding": padding, "use_bias": use_bias}
    agrees(layers.Conv2DTranspose(filters, kernel, **settings), shape)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 2, dilation_rate=(2, 3), padding="same"),
        layers.Conv2D(6, 3, groups=2),
        layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2),
        layers.MaxPooling2D(3, 2, padding="same"),
        layers.MaxPooling2D((2, 1)),
        layers.AveragePooling2D(2, padding="same"),
        layers.UpSampling2D((3, 2)),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Resizing(9, 13),
        layers.Resizing(18, 7, interpolation="nearest"),
        layers.Dense(3),
        layers.Dense(3, use_bias=False),
    ],
    ids=lambda layer: layer.name,
)
def test_other_layers(agrees, layer):
    agrees(layer, (9, 7, 4))


def test_chains_of_convolutions_are_transposed_at_their_ends_alone(agrees, operators):
    def build(x):
        x = layers.Conv2D(3, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.UpSampling2D(2)(x)
        x = layers.Cropping2D(1)(layers.GroupNormalization(3)(x))
        x = layers.Add()([x, layers.Conv2D(3, 1)(x)])
        return layers.Conv2DTranspose(2, 3)(x)

    assert operators(agrees(build, (6, 6, 2))).count("Transpose") == 2


def test_a_value_is_transposed_once(agrees, operators):
    def build(x):
        return layers.Add()(
            [layers.Conv2D(2, 3)(x), layers.Conv2DTranspose(2, 1)(x[:, 1:-1, 1:-1]), layers.Conv2D(2, 3)(x)]
        )

    assert operators(agrees(build, (6, 6, 2))).count("Transpose") == 3  # the input, its crop, and the sum


def test_images_with_channels_first_have_no_writer():
    x = keras.Input((3, 8, 8))
    y = layers.MaxPooling2D(2, data_format="channels_first", name="pool")(x)
    with pytest.raises(NoWriterError, match=r"layer 'pool' \(MaxPooling2D\) has pooling of other than images"):
        write_model(keras.Model(x, {"y": y}), ["y"])
