import numpy as np
import pytest
from keras import ops

from isthmus.probability import namespace

X = np.random.default_rng(0).normal(scale=3.0, size=(4, 5)).astype(np.float32)
CALLS = {
    "abs": lambda xp: xp.abs(X),
    "cast": lambda xp: xp.cast(xp.cast(X, "int32"), "float32"),
    "clip": lambda xp: xp.clip(X, -1.0, 1.0),
    "exp": lambda xp: xp.exp(X),
    "expand_dims": lambda xp: xp.expand_dims(X, -1),
    "expm1": lambda xp: xp.expm1(X),
    "log": lambda xp: xp.log(X * X + 1),
    "logsumexp": lambda xp: xp.logsumexp(X, axis=-1),
    "matmul": lambda xp: xp.matmul(X, X.T),
    "max": lambda xp: xp.max(X, axis=-1, keepdims=True),
    "maximum": lambda xp: xp.maximum(X, 0.5),
    "mean": lambda xp: xp.mean(X, axis=0),
    "min": lambda xp: xp.min(X, axis=-1, keepdims=True),
    "reshape": lambda xp: xp.reshape(X, (-1, 2, 2)),
    "round": lambda xp: xp.round(X),
    "sigmoid": lambda xp: xp.sigmoid(X),
    "softmax": lambda xp: xp.softmax(X, axis=-1),
    "softplus": lambda xp: xp.softplus(X),
    "square": lambda xp: xp.square(X),
    "stop_gradient": lambda xp: xp.stop_gradient(X),
    "sum": lambda xp: xp.sum(X, axis=(0, 1)),
    "take_along_axis": lambda xp: xp.take_along_axis(X, np.argsort(X, axis=-1), axis=-1),
    "tile": lambda xp: xp.tile(X, (3, 1)),
    "transpose": lambda xp: xp.transpose(X),
    "where": lambda xp: xp.where((X > 0.0) & (X < 1.0), X, 0.0),
    "zeros_like": lambda xp: xp.zeros_like(X),
}


def test_every_function_is_tried():
    assert set(CALLS) == set(namespace.__all__)


@pytest.mark.parametrize("name", namespace.__all__)
def test_gives_what_keras_gives(name):
    found, expected = CALLS[name](namespace), ops.convert_to_numpy(CALLS[name](ops))
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6)
    assert np.asarray(found).dtype == np.float32


def test_softplus_does_not_overflow():
    x = np.array([-1e4, -50.0, 0.0, 50.0, 1e4])
    np.testing.assert_allclose(namespace.softplus(x), [0.0, np.log1p(np.exp(-50.0)), np.log(2.0), 50.0, 1e4])
