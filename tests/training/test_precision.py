"""Mixed precision: networks in 16 bits, all else in 32."""

import os

import keras
import numpy as np
import pytest
from keras import ops

from isthmus.data import ImageSpec
from isthmus.errors import RecipeError
from isthmus.graphs.export import export_graphs
from isthmus.recipes import ConvNetwork, GaussianLatent, GaussianLikelihood, Recipe, with_fields
from isthmus.training.fit import build_model, fit, in_float32
from isthmus.training.weights import set_state, set_weights, state_of, weights_of

# PyTorch on a CPU has no float16.
ALL = ["mixed_bfloat16"] if os.environ["KERAS_BACKEND"] == "torch" else ["mixed_bfloat16", "mixed_float16"]
ROUNDING = {"mixed_bfloat16": 2.0**-8, "mixed_float16": 2.0**-11}
SPEC = ImageSpec(64, 64, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (4, *SPEC.shape)).astype(np.uint8)
BATCH = {"input": IMAGES, "target": IMAGES}
BASE = Recipe(
    network=ConvNetwork(filters=(8,), stem_filters=4),
    latent=GaussianLatent(dim=3),
    likelihood=GaussianLikelihood(sigma=0.5),
)

pytestmark = pytest.mark.parametrize("precision", ALL)


def model_of(precision, **changes):
    changes = {name.replace("__", "."): value for name, value in changes.items()}
    return build_model(with_fields(BASE, {"training.precision": precision, **changes}), SPEC)


def logs_of(model):
    return {name: float(value) for name, value in model.test_on_batch(BATCH, return_dict=True).items()}


@pytest.mark.parametrize("likelihood", ["gaussian", "laplace", "bernoulli", "logistic"])
def test_the_terms_are_those_of_float32_but_for_rounding(precision, likelihood):
    """Of the same weights; twelve thousand pixels add up to what float16 cannot hold."""
    changes = {"likelihood": likelihood, "objective__ms_ssim": 1.0}
    if likelihood == "gaussian":
        changes |= {"likelihood__sigma": 0.01}
    whole, mixed = model_of("float32", **changes), model_of(precision, **changes)
    assert {name: str(value.dtype) for name, value in weights_of(mixed).items()} == dict.fromkeys(
        weights_of(whole), "float32"
    )
    for name, value in weights_of(mixed).items():
        np.testing.assert_array_equal(value, weights_of(whole)[name], err_msg=name)
    expected, found = logs_of(whole), logs_of(mixed)
    assert likelihood != "gaussian" or found["loss"] > 1e6  # of float16, the largest is 65,504
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=4 * ROUNDING[precision]), name
    assert found != expected, "nothing was computed in 16 bits"


def test_only_the_networks_are_in_16_bits(precision):
    mixed = model_of(precision, prior="mixture", likelihood__scale="shared")
    inner = [network.dtype_policy.name for network in mixed.networks]
    assert inner == [precision, precision]
    given = mixed(BATCH, training=True)
    tensors = [given["z"], *given["posterior"].values(), *given["outputs"].values()]
    assert {keras.backend.standardize_dtype(tensor.dtype) for tensor in tensors} == {"float32"}
    assert mixed.encoder.get_layer("log_variance").compute_dtype == "float32"
    assert mixed.decoder.get_layer("shared_log_scale").compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


def test_every_other_policy_of_the_process_is_left_out(precision):
    keras.config.set_dtype_policy(precision)
    try:
        plain = model_of("float32")
        assert {layer.dtype_policy.name for network in plain.networks for layer in network.layers} == {"float32"}
        assert keras.config.dtype_policy().name == precision
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.slow
def test_the_kept_model_and_its_graphs_are_those_of_float32(precision, job, tmp_path):
    one = job(training__precision=precision, training__epochs=1)
    fitted = fit(one)
    plain = build_model(in_float32(one.recipe), one.train.spec)
    set_weights(plain, fitted.state.best_weights, "the fit")
    graphs = []
    for name, model in (("mixed", fitted.model), ("plain", plain)):
        (tmp_path / name).mkdir()
        export_graphs(model, tmp_path / name, one.train.read(np.arange(4)))
        graphs.append([path.read_bytes() for path in sorted((tmp_path / name).glob("*.onnx"))])
    assert len(graphs[0]) == 2
    assert graphs[0] == graphs[1]


@pytest.mark.slow
def test_learns_as_in_float32(precision, job):
    losses = {}
    for name in ("float32", precision):
        fitted = fit(job(name, training__precision=name, training__epochs=6))
        losses[name] = [row["val_loss"] for row in fitted.state.history]
    assert losses[precision][-1] < losses[precision][0] - 2
    assert losses[precision][-1] == pytest.approx(losses["float32"][-1], rel=0.02)


def test_skip_features_pass_from_encoder_to_decoder(precision):
    unet = {"task": "denoise", "latent": "point", "network": "unet", "network__filters": [2, 3]}
    whole, mixed = (model_of(name, **unet, network__convolutions=1) for name in ("float32", precision))
    assert logs_of(mixed)["loss"] == pytest.approx(logs_of(whole)["loss"], rel=4 * ROUNDING[precision])


def test_custom_networks_have_their_own(precision):
    with pytest.raises(RecipeError, match=rf"give your own layers a dtype, such as .*{precision}"):
        with_fields(BASE, {"network": "custom", "training.precision": precision})


class TestLossScale:
    """Of float16, in which small gradients vanish."""

    @pytest.fixture(autouse=True)
    def of_float16(self, precision):
        if precision != "mixed_float16":
            pytest.skip("bfloat16 has the range of float32, and no scale")

    def test_falls_where_gradients_overflow_and_the_step_changes_no_weight(self, precision):
        model = model_of(precision)
        model.optimizer.dynamic_scale.assign(2.0**127)
        before = weights_of(model)
        model.train_on_batch(BATCH)
        assert float(ops.convert_to_numpy(model.optimizer.dynamic_scale)) == 2.0**126
        for name, value in weights_of(model).items():
            np.testing.assert_array_equal(value, before[name], err_msg=name)

    def test_is_part_of_the_state(self, precision):
        model, other = model_of(precision), model_of(precision)
        model.optimizer.dynamic_scale.assign(2.0**20)
        model.train_on_batch(BATCH)
        set_state(other, state_of(model), "here")
        assert float(ops.convert_to_numpy(other.optimizer.dynamic_scale)) == 2.0**20
        assert int(ops.convert_to_numpy(other.optimizer.step_counter)) == 1
