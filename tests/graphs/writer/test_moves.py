import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

SIZES = st.integers(2, 5)


def on_grid(function):
    """After a convolution, so that the image is channels first."""
    return lambda x: function(layers.Conv2D(4, 1)(x))


@pytest.mark.parametrize("before", [lambda function: function, on_grid], ids=["as given", "channels first"])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: layers.Flatten()(x),
        lambda x: layers.Reshape((3, -1))(x),
        lambda x: layers.Permute((3, 1, 2))(x),
        lambda x: layers.Cropping2D(((1, 0), (2, 1)))(x),
        lambda x: layers.ZeroPadding2D(((1, 0), (2, 1)))(x),
        lambda x: layers.Concatenate(1)([x, 2 * x]),
        lambda x: layers.Concatenate()([x, 2 * x, x]),
        lambda x: ops.stack([x, 2 * x], axis=2),
        lambda x: ops.split(x, [1, 3], axis=2)[1],
        lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), "reflect"),
        lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), constant_values=2.5),
        lambda x: ops.repeat(x, 3, axis=2),
        lambda x: ops.tile(x, (1, 2, 1, 3)),
        lambda x: ops.swapaxes(x, 1, -1),
        lambda x: ops.moveaxis(x, -1, 1),
        lambda x: ops.squeeze(ops.expand_dims(x, 2), 2),
        lambda x: ops.take(x, [2, 0, 0], axis=1),
        lambda x: ops.transpose(x, (0, 2, 3, 1)),
    ],
)
def test_moves(agrees, before, function):
    agrees(before(function), (3, 5, 4))


@settings(max_examples=10)
@given(st.data(), st.booleans())
def test_slices(agrees, data, channels_first):
    bound = st.none() | st.integers(-3, 3)
    part = st.builds(slice, bound, bound, st.sampled_from([None, 1, 2])).filter(
        lambda part: len(range(4)[part]) > 0
    ) | st.integers(-4, 3)
    key = data.draw(st.lists(part, max_size=3))
    key = [slice(None), *key] if data.draw(st.booleans()) else [..., *key]
    if data.draw(st.booleans()):
        key.insert(1, None)
    function = lambda x: x[tuple(key)]  # noqa: E731
    agrees(on_grid(function) if channels_first else function, (4, 4, 4))


@settings(max_examples=6)
@given(st.integers(2, 3), SIZES, SIZES, st.integers(1, 3))
def test_blocks_of_pixels(agrees, block, height, width, channels):
    agrees(lambda x: ops.nn.depth_to_space(x, block), (height, width, channels * block**2))
    agrees(lambda x: ops.nn.space_to_depth(x, block), (height * block, width * block, channels))


def test_rows_of_a_table(agrees):
    agrees(layers.Embedding(9, 4), (5,), dtype="int32", low=0, high=9)
