import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import log_softmax

from isthmus.probability import namespace
from isthmus.probability.likelihoods import Categorical


@pytest.fixture
def masks():
    rng = np.random.default_rng(0)
    return rng.integers(0, 4, (3, 5, 6, 1)), rng.normal(scale=3.0, size=(3, 5, 6, 4)).astype(np.float32)


@pytest.mark.parametrize("xp", [namespace, ops])
def test_cross_entropy_is_scipys(masks, xp):
    numbers, logits = masks
    expected = -np.take_along_axis(log_softmax(logits.astype(float), axis=-1), numbers, -1).sum(axis=(1, 2, 3))
    found = Categorical(4).distortion(xp, (numbers / 255).astype(np.float32), {"logits": logits})
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)


@pytest.mark.parametrize("xp", [namespace, ops])
def test_the_mean_is_the_likeliest_class(masks, xp):
    logits = masks[1]
    mean = ops.convert_to_numpy(Categorical(4).mean(xp, {"logits": logits}))
    np.testing.assert_array_equal(np.rint(mean * 255)[..., 0], logits.argmax(-1))


def test_draws_come_as_often_as_they_are_likely():
    logits = np.broadcast_to(np.log(np.array([0.1, 0.2, 0.7], np.float32)), (1, 200, 200, 3))
    drawn = np.rint(Categorical(3).sample({"logits": logits}, np.random.default_rng(0)) * 255)
    for number, share in enumerate((0.1, 0.2, 0.7)):
        assert abs((drawn == number).mean() - share) < 5 * np.sqrt(share * (1 - share) / 40_000)


def test_every_class_has_a_gradient():
    logits = keras.Variable(np.zeros((1, 1, 1, 5), np.float32))
    if keras.config.backend() != "tensorflow":
        pytest.skip("the gradient is TensorFlow's here")
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = Categorical(5).distortion(ops, np.full((1, 1, 1, 1), 3 / 255, np.float32), {"logits": logits})
    np.testing.assert_allclose(tape.gradient(loss, logits.value).numpy().ravel(), [0.2, 0.2, 0.2, -0.8, 0.2], atol=1e-6)
