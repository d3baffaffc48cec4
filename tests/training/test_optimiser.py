import keras
import numpy as np
import pytest
from keras import ops

from isthmus.recipes import Training
from isthmus.training.optimiser import Schedule, build_optimiser


def rates(schedule, steps):
    return np.array([float(ops.convert_to_numpy(schedule(step))) for step in steps])


def test_constant():
    np.testing.assert_allclose(rates(Schedule(0.3, 10, 0, False), range(12)), 0.3, rtol=1e-6)


def test_warm_up_grows_in_a_straight_line():
    found = rates(Schedule(0.3, 20, 4, False), range(8))
    np.testing.assert_allclose(found, 0.3 * np.array([0.25, 0.5, 0.75, 1, 1, 1, 1, 1]), rtol=1e-6)


def test_cosine_is_that_of_keras():
    theirs = keras.optimizers.schedules.CosineDecay(0.3, 50)
    found = rates(Schedule(0.3, 50, 0, True), range(60))
    np.testing.assert_allclose(found, rates(theirs, range(60)), atol=1e-6)
    assert found[50] == pytest.approx(0.0, abs=1e-7)


def test_cosine_after_a_warm_up():
    found = rates(Schedule(1.0, 20, 10, True), range(21))
    np.testing.assert_allclose(found[:10], np.arange(1, 11) / 10, rtol=1e-6)
    np.testing.assert_allclose(found[10:], 0.5 * (1 + np.cos(np.pi * np.arange(11) / 10)), atol=1e-6)


def test_config_gives_it_back():
    schedule = Schedule(0.3, 20, 4, True)
    again = Schedule.from_config(schedule.get_config())
    np.testing.assert_array_equal(rates(again, range(25)), rates(schedule, range(25)))


class TestOptimisers:
    def test_adam(self):
        found = build_optimiser(Training(learning_rate=0.02, adam_betas=(0.8, 0.95), clip_norm=2.0), 100)
        assert isinstance(found, keras.optimizers.Adam)
        assert (found.beta_1, found.beta_2, found.global_clipnorm) == (0.8, 0.95, 2.0)

    def test_gradient_descent(self):
        found = build_optimiser(Training(optimiser="sgd", momentum=0.9), 100)
        assert isinstance(found, keras.optimizers.SGD)
        assert (found.momentum, found.global_clipnorm) == (0.9, None)

    def test_warm_up_is_a_share_of_the_steps(self):
        schedule = build_optimiser(Training(learning_rate=1.0, warmup_fraction=0.25), 40)._learning_rate
        found = rates(schedule, range(40))
        assert (found < 1 - 1e-6).sum() == 9
        assert found[9] == pytest.approx(1.0)

    @pytest.mark.parametrize("name", ["adam", "sgd"])
    def test_a_step_is_the_textbooks(self, name):
        training = Training(optimiser=name, learning_rate=0.1, momentum=0.9 if name == "sgd" else 0.0)
        optimiser = build_optimiser(training, 10)
        variable = keras.Variable(np.array([1.0, -2.0], np.float32))
        gradients = [np.array([0.5, -1.0]), np.array([0.25, 1.0]), np.array([-0.5, 3.0])]
        for gradient in gradients:
            optimiser.apply([ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
        expected, first, second = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
        for t, gradient in enumerate(gradients, 1):
            if name == "sgd":
                first = 0.9 * first - 0.1 * gradient
                expected = expected + first
            else:
                first = 0.9 * first + 0.1 * gradient
                second = 0.999 * second + 0.001 * gradient**2
                expected = expected - 0.1 * (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-7)
        np.testing.assert_allclose(ops.convert_to_numpy(variable), expected, rtol=1e-4)
