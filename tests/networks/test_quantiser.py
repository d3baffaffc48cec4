"""Against NumPy, from the listing of the paper's appendix A.1."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from isthmus.networks import FiniteScalarQuantiser

LEVELS = st.lists(st.integers(2, 20), min_size=1, max_size=5).map(tuple)


def bounded(h, levels):
    levels = np.array(levels)
    half = (levels - 1) * (1 - 1e-3) / 2
    offset = np.where(levels % 2 == 1, 0.0, 0.5)
    return np.tanh(h + np.tan(offset / half)) * half - offset


def array(tensor):
    return ops.convert_to_numpy(tensor)


@given(LEVELS, st.integers(0, 100), st.floats(0.1, 30.0))
def test_rounds_as_the_paper_does(levels, seed, scale):
    h = (scale * np.random.default_rng(seed).standard_normal((6, 2, len(levels)))).astype(np.float32)
    exact = bounded(h.astype(np.float64), levels)
    clear = np.abs(exact - np.floor(exact) - 0.5) > 1e-4  # where float32 cannot round the other way
    found = array(FiniteScalarQuantiser(levels)(h))
    np.testing.assert_allclose(found[clear], (np.round(exact) / (np.array(levels) // 2))[clear], rtol=1e-6)


@pytest.mark.parametrize("levels", [2, 3, 4, 5, 8])
def test_every_level_is_reached_and_no_other(levels):
    h = np.linspace(-9, 9, 4001, dtype=np.float32)[:, None]
    found = array(FiniteScalarQuantiser((levels,))(h)).ravel()
    half = levels // 2
    np.testing.assert_allclose(np.unique(found * half), np.arange(levels) - half, atol=1e-6)
    assert (np.diff(found) >= 0).all()
    assert -1 <= found.min() <= found.max() <= 1


def test_the_gradient_is_that_of_the_bounded_value():
    """Straight through the rounding: the derivative of tanh, scaled, by finite differences in float64."""
    levels, step = (4, 3, 8), 1e-6
    h = np.random.default_rng(0).uniform(-2, 2, (5, 3))
    weights = np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32)
    slope = (bounded(h + step, levels) - bounded(h - step, levels)) / (2 * step) / (np.array(levels) // 2)

    class Held(keras.Model):
        """Its one weight is what is quantised, so that the optimiser's step is the gradient."""

        def __init__(self):
            super().__init__()
            self.h = self.add_weight(shape=(5, 3), initializer=keras.initializers.Constant(h), name="h")
            self.quantiser = FiniteScalarQuantiser(levels)

        def call(self, weights):
            return ops.sum(self.quantiser(self.h) * weights, axis=-1, keepdims=True)

    model = Held()
    model.compile("sgd", loss=lambda y, y_pred: ops.sum(y_pred), run_eagerly=keras.config.backend() != "jax")
    model.optimizer.learning_rate = 1.0
    model.train_on_batch(weights, np.zeros((5, 1), np.float32))
    np.testing.assert_allclose(h - array(model.h), slope * weights, atol=1e-4)


def test_is_stored_and_read():
    layer = FiniteScalarQuantiser((4, 3), name="quantised")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    h = np.random.default_rng(0).standard_normal((2, 2)).astype(np.float32)
    np.testing.assert_array_equal(array(again(h)), array(layer(h)))


@given(LEVELS)
def test_starts_away_from_zero_where_the_gradient_is_large(levels):
    layer = FiniteScalarQuantiser(levels)
    assert (array(layer(layer.start[None])) < 0).all()
    step = 1e-4
    slope = (bounded(layer.start + step, levels) - bounded(layer.start - step, levels)) / (2 * step)
    assert (slope > 0.6 * (np.array(levels) - 1) / 2).all()
