import keras
import numpy as np
import pytest
import safetensors.numpy
from keras import ops

from isthmus.errors import RunError
from isthmus.recipes import with_fields
from isthmus.training.fit import build_model
from isthmus.training.weights import set_state, set_weights, state_of, weights_of


@pytest.fixture
def model(job, train_source):
    def make(**changes):
        return build_model(job(**changes).recipe, train_source.spec)

    return make


def random_weights(model):
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(value.shape).astype(np.float32) for name, value in weights_of(model).items()}


def test_survive_a_file_and_a_new_model(model, tmp_path, train_source, assert_same):
    first = model()
    set_weights(first, random_weights(first), "noise")
    (tmp_path / "weights").write_bytes(safetensors.numpy.save(weights_of(first)))
    second = model(training__seed=5)
    set_weights(second, safetensors.numpy.load_file(tmp_path / "weights"), "file")
    assert_same(weights_of(first), weights_of(second))
    for one, other in zip(
        first.encoder(train_source.images).values(), second.encoder(train_source.images).values(), strict=True
    ):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))


def test_names_are_the_same_for_every_model_of_a_recipe(model):
    """A checkpoint written by the first model of a process fits the second."""
    first, second = model(), model()
    assert list(state_of(first)) == list(state_of(second))
    assert list(weights_of(first)) == list(weights_of(second))


def test_weights_are_all_of_both_networks(model):
    one = model(likelihood="gaussian", likelihood__scale="shared")
    assert len(weights_of(one)) == len(one.encoder.weights) + len(one.decoder.weights)
    assert any("log_scale" in name for name in weights_of(one))


def test_state_has_what_training_changes(model, train_source, assert_same):
    one = model()
    before = state_of(one)
    batch = {"input": train_source.images[:8], "target": train_source.images[:8]}
    one.train_on_batch(batch)
    after = state_of(one)
    # Each kind of it: weights, the optimiser's counter and moments, the noise, the step, the metrics' sums.
    changed = {name for name in after if (before[name] != after[name]).any()}
    for part in (
        "model/mean/kernel",
        "optimiser/adam/iteration",
        "kernel_momentum",
        "model/noise",
        "/step",
        "metrics/loss",
    ):
        assert any(part in name for name in changed), part
    other = model(training__seed=3)
    set_state(other, after, "here")
    assert_same(state_of(other), after)
    # And it is all of it: both go on alike.
    one.train_on_batch(batch)
    other.train_on_batch(batch)
    assert_same(state_of(one), state_of(other))


def test_random_states_are_integers_signed_or_not(model):
    """PyTorch keeps them signed: a checkpoint of one backend is resumed on another."""
    made = model()
    state = {
        name: array.astype(np.int32) if array.dtype.kind == "u" else array for name, array in state_of(made).items()
    }
    set_state(made, state, "here")
    for name, array in state_of(made).items():
        np.testing.assert_array_equal(array, state[name])


def test_a_copy_is_taken(model, train_source):
    one = model()
    before = weights_of(one)
    kept = {name: value.copy() for name, value in before.items()}
    one.train_on_batch({"input": train_source.images[:8], "target": train_source.images[:8]})
    assert all((before[name] == kept[name]).all() for name in before)


def test_layers_of_one_name_keep_their_own_weights(model):
    """Own networks may have them."""
    images, codes = keras.Input((12, 10, 1)), keras.Input((2,))
    encoder = keras.Model(images, keras.layers.Dense(2, name="mean")(keras.layers.Flatten()(images)))
    decoder = keras.Model(codes, keras.layers.Reshape((12, 10, 1))(keras.layers.Dense(120, name="mean")(codes)))
    base = model()
    one = build_model(with_fields(base.recipe, {"network": "custom"}), base.image_spec, custom=(encoder, decoder))
    found = weights_of(one)
    assert [name for name in found if "mean/kernel" in name] == ["mean/kernel", "mean/kernel#2", "mean/kernel#3"]
    shapes = sorted(found[name].shape for name in found if "mean/kernel" in name)
    assert shapes == [(2, 2), (2, 120), (120, 2)]


class TestMisfits:
    def test_missing(self, model):
        one = model()
        arrays = weights_of(one)
        gone = next(iter(arrays))
        del arrays[gone]
        with pytest.raises(RunError, match=f"somewhere does not fit this recipe and image shape: {gone} is missing"):
            set_weights(one, arrays, "somewhere")

    def test_of_another_width(self, model):
        with pytest.raises(RunError, match=r"mean/kernel is \(90, 2\), expected \(90, 5\)"):
            set_weights(model(latent__dim=5), weights_of(model()), "there")

    def test_many_are_not_all_listed(self, model):
        with pytest.raises(RunError, match=r"; and \d+ more"):
            set_weights(model(network="upsample", network__kernel=2), {}, "nothing")

    def test_nothing_is_half_filled(self, model, assert_same):
        one = model()
        before = weights_of(one)
        arrays = {name: value + 1 for name, value in before.items()}
        arrays.popitem()
        with pytest.raises(RunError):
            set_weights(one, arrays, "there")
        assert_same(weights_of(one), before)
