import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from isthmus.errors import RecipeError
from isthmus.networks import Shapes, build_networks, check_custom_networks
from isthmus.recipes import ConvNetwork, CustomNetwork, DenseNetwork, ResidualNetwork, UpsampleNetwork

SPECS = [
    DenseNetwork(units=(5, 3)),
    DenseNetwork(units=()),
    ConvNetwork(filters=(3, 2), stem_filters=2),
    ConvNetwork(filters=(2, 2, 2), kernel=4, stem_filters=2),
    UpsampleNetwork(filters=(2, 2, 2), strides=(2, 1, 2), stem_filters=2, decoder_filters=(3, 2, 2)),
    UpsampleNetwork(filters=(2,), strides=(1,), stem_filters=2, decoder_filters=(2,)),
    ResidualNetwork(filters=(3, 2), patch=2),
    ResidualNetwork(filters=(2, 3, 2), patch=3, blocks=2),
]


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(height=st.integers(1, 24), width=st.integers(1, 24), channels=st.integers(1, 4), extra=st.integers(0, 2))
@example(height=28, width=28, channels=1, extra=0)
@example(height=37, width=53, channels=3, extra=0)
@example(height=1, width=1, channels=1, extra=0)
@example(height=33, width=32, channels=4, extra=4)
def test_any_image_goes_in_and_comes_out(apply, spec, height, width, channels, extra):
    encoder, decoder = build_networks(spec, Shapes((height, width, channels), (3,), channels + extra))
    features = apply(encoder)
    assert features.shape == (2, *encoder.output_shape[1:])
    assert features.ndim in (2, 4)
    image = apply(decoder)
    assert image.shape == (2, height, width, channels + extra)
    assert np.isfinite(image).all()


def reach_everything(network):
    """Make every weight positive, so that no connection is zero; random units of a tiny network can all be dead."""
    for weight in network.weights:
        weight.assign(np.full(weight.shape, 0.1))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_the_code_reaches_every_pixel(apply, spec):
    _, decoder = build_networks(spec, Shapes((13, 10, 2), (6,), 2))
    reach_everything(decoder)
    assert (apply(decoder, count=64).std(axis=0) > 0).all()


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_every_pixel_reaches_the_features(spec):
    encoder, _ = build_networks(spec, Shapes((7, 6, 1), (3,), 1))
    reach_everything(encoder)
    singles = np.eye(42, dtype=np.float32).reshape(42, 7, 6, 1)
    features = keras.ops.convert_to_numpy(encoder(singles))
    nothing = keras.ops.convert_to_numpy(encoder(np.zeros((1, 7, 6, 1))))
    assert (np.abs(features - nothing).reshape(42, -1).max(axis=1) > 0).all()


def test_a_custom_network_has_to_be_given():
    with pytest.raises(RecipeError, match=r"isthmus.train\(..., encoder=, decoder=\)"):
        build_networks(CustomNetwork(), Shapes((4, 4, 1), (2,), 1))


def custom(shape=(4, 5, 1), features=3, dim=2, out=(4, 5, 1)):
    encoder = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(features)])
    decoder = keras.Sequential([keras.Input((dim,)), keras.layers.Dense(int(np.prod(out))), keras.layers.Reshape(out)])
    return encoder, decoder


class TestCustom:
    def test_networks_that_fit(self):
        check_custom_networks(*custom(), Shapes((4, 5, 1), (2,), 1))

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"shape": (5, 4, 1)}, r"the encoder takes \(5, 4, 1\); expected \(4, 5, 1\)"),
            ({"dim": 3}, r"the decoder takes \(3,\); expected \(2,\)"),
            ({"out": (4, 5, 2)}, r"the decoder gives \(4, 5, 2\); expected \(4, 5, 1\)"),
        ],
    )
    def test_networks_that_do_not(self, changes, fault):
        with pytest.raises(RecipeError, match=fault):
            check_custom_networks(*custom(**changes), Shapes((4, 5, 1), (2,), 1))

    def test_an_encoder_that_gives_neither_flat_features_nor_a_grid(self):
        rows = keras.Sequential([keras.Input((4, 5, 1)), keras.layers.Reshape((4, 5))])
        with pytest.raises(RecipeError, match="expected flat features"):
            check_custom_networks(rows, custom()[1], Shapes((4, 5, 1), (2,), 1))

    def test_every_fault_in_one_message(self):
        with pytest.raises(RecipeError) as caught:
            check_custom_networks(*custom(shape=(1, 1, 1), dim=9), Shapes((4, 5, 1), (2,), 1))
        assert "encoder takes" in str(caught.value)
        assert "decoder takes" in str(caught.value)
