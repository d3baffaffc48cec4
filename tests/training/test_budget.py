import re
from types import SimpleNamespace

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import as_source
from isthmus.errors import RecipeError
from isthmus.recipes import RECIPES, with_fields
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


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective.beta_warmup_epochs": 3}, "1 epoch of 10 steps fit into 10.5 s. Set more --minutes, or change"),
        ({"training.accumulation": 11}, "fewer steps than training.accumulation=11. Set more --minutes"),
    ],
)
def test_a_recipe_that_needs_more_than_fits(changes, said):
    recipe = with_fields(RECIPES["conv-vae-best"], changes)
    with pytest.raises(RecipeError, match=re.escape(said)):
        within_time(recipe, 10.5, SimpleNamespace(seconds_per_step=0.95, validation_seconds=0.0))


def test_a_rehearsal_leaves_custom_networks_as_they_were(bars, tiny_recipe):
    inputs = keras.Input(bars[0].shape[1:])
    encoder = keras.Model(inputs, keras.layers.Dropout(0.5)(keras.layers.Dense(4)(keras.layers.Flatten()(inputs))))
    codes = keras.Input((tiny_recipe.latent.dim,))
    outputs = keras.layers.Reshape(bars[0].shape[1:])(keras.layers.Dense(bars[0][0].size)(codes))
    custom = encoder, keras.Model(codes, outputs)
    before = [keras.ops.convert_to_numpy(variable) for model in custom for variable in model.variables]
    assert len(before) == 5  # the state of the noise too
    source = as_source(bars[0][:64])
    measured = rehearse(with_fields(tiny_recipe, {"network": "custom"}), source, source, custom)
    after = [keras.ops.convert_to_numpy(variable) for model in custom for variable in model.variables]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    assert measured.seconds_per_step > 0
    assert measured.validation_seconds > 0
