import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from isthmus.graphs.writer.model import write_model
from isthmus.graphs.writer.registry import NoWriterError

AXES = st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True)
REDUCTIONS = ["sum", "mean", "max", "min", "prod", "logsumexp", "var"]


@settings(max_examples=10)
@given(st.sampled_from(REDUCTIONS), AXES, st.booleans(), st.booleans())
def test_reductions(agrees, name, axes, keepdims, channels_first):
    def build(x):
        x = layers.Conv2D(3, 1)(x) if channels_first else x
        return getattr(ops, name)(x, axis=axes, keepdims=keepdims)

    agrees(build, (3, 2, 4), low=-1.0, high=1.0)


@pytest.mark.parametrize(
    "layer",
    [
        layers.LayerNormalization(),
        layers.LayerNormalization(axis=[1, 2, 3], center=False),
        layers.GroupNormalization(2),
        layers.GroupNormalization(-1, scale=False),
        layers.GroupNormalization(1, center=False),
        layers.BatchNormalization(),
        layers.BatchNormalization(axis=1, scale=False),
        layers.RMSNormalization(),
        layers.Rescaling(0.5, 1.0),
        layers.Normalization(mean=0.4, variance=0.2),
        layers.Normalization(mean=[0.4, 0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5, 1e-16]),
        layers.GlobalAveragePooling2D(),
        layers.GlobalMaxPooling2D(keepdims=True),
        layers.EinsumDense("abcd,de->abce", output_shape=(None, 6, 3), bias_axes="e"),
    ],
    ids=lambda layer: layer.name,
)
@pytest.mark.parametrize("channels_first", [False, True])
def test_layers(agrees, layer, channels_first):
    agrees(lambda x: layer(layers.Conv2D(4, 1)(x) if channels_first else x), (5, 6, 4))


@settings(max_examples=6)
@given(st.integers(1, 3), st.integers(2, 4), st.integers(1, 5))
def test_attention(agrees, heads, depth, length):
    # A depth of 1 is left out: TensorFlow's einsum confuses axes there, and differs from JAX.
    layer = layers.MultiHeadAttention(heads, depth)
    agrees(lambda x, y: layers.Flatten()(layer(x, y)), (length, 4), (3, 4))


def test_products_of_values(agrees):
    agrees(ops.matmul, (3, 4), (4, 2))
    agrees(lambda x, y: ops.einsum("nij,nkj->nik", x, y), (3, 4), (2, 4))
    agrees(lambda x: ops.argmax(x, axis=-1), (3, 4))
    agrees(lambda x: ops.softmax(layers.Conv2D(3, 1)(x), axis=1), (3, 4, 2))


def test_a_reduction_of_the_batch_has_no_writer():
    """It would make what a graph gives for an image depend on the others."""
    x = keras.Input((3,))
    with pytest.raises(NoWriterError, match="reduction of the batch"):
        write_model(keras.Model(x, {"y": x - ops.mean(x)}), ["y"])
