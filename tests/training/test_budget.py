from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from isthmus.recipes import RECIPES
from isthmus.training.budget import within_time
from isthmus.training.rehearsal import rehearse

TIMES = st.floats(1e-4, 1e3)


@given(TIMES, st.one_of(st.just(0.0), TIMES), st.floats(1.0, 1e5))
def test_a_schedule_fits_into_its_time(step, validation, seconds):
    training = within_time(
        RECIPES["conv-ae"], seconds, SimpleNamespace(seconds_per_step=step, validation_seconds=validation)
    ).training
    steps = training.epochs * training.steps_per_epoch
    if step + validation < 0.5 * seconds and validation < 0.15 * seconds:
        assert steps * step + training.epochs * validation <= seconds
        assert steps * step >= 0.5 * 0.75 * seconds - step  # rounding to whole epochs loses less than half
    assert 1 <= training.epochs <= 20


def test_a_rehearsal_leaves_custom_networks_as_they_were(bars, tiny_recipe):
    import keras

    from isthmus.data import as_source
    from isthmus.recipes import with_fields

    inputs = keras.Input(bars[0].shape[1:])
    encoder = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
    codes = keras.Input((tiny_recipe.latent.dim,))
    outputs = keras.layers.Reshape(bars[0].shape[1:])(keras.layers.Dense(bars[0][0].size)(codes))
    custom = encoder, keras.Model(codes, outputs)
    before = [weights.copy() for model in custom for weights in model.get_weights()]
    source = as_source(bars[0][:64])
    measured = rehearse(with_fields(tiny_recipe, {"network": "custom"}), source, source, custom)
    after = [weights for model in custom for weights in model.get_weights()]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    assert measured.seconds_per_step > 0
    assert measured.validation_seconds > 0
