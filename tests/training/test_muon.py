import keras
import numpy as np
import pytest
from keras import ops

from isthmus.recipes import Training
from isthmus.training.muon import KernelMuon
from isthmus.training.optimiser import build_optimiser


def moved(shape, gradients, rate=0.1, name="kernel"):
    """How far some steps move a variable that starts at zero."""
    optimiser = build_optimiser(Training(optimiser="muon", learning_rate=rate), 10)
    variable = keras.Variable(np.zeros(shape, np.float32), name=name)
    for gradient in gradients:
        optimiser.apply([ops.convert_to_tensor(np.asarray(gradient, np.float32))], [variable])
    return ops.convert_to_numpy(variable)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 3, 2, 5), (2, 1, 3, 40)])
def test_a_kernel_moves_by_an_orthogonal_matrix(shape):
    """The singular vectors are those of the gradient, and the singular values are all nearly 1."""
    gradient = np.random.default_rng(0).standard_normal(shape)
    matrix = gradient.reshape(-1, shape[-1])
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    found = left.T @ moved(shape, [gradient]).reshape(matrix.shape) @ right.T / (-0.1 * 0.2 * max(matrix.shape) ** 0.5)
    np.testing.assert_allclose(found, np.diag(np.diag(found)), atol=1e-4)
    # Five iterations of Newton and Schulz, with coefficients that trade accuracy for speed, end between 0.7 and 1.2.
    assert ((np.diag(found) > 0.6) & (np.diag(found) < 1.3)).all()


def test_the_scale_of_gradients_does_not_matter():
    gradients = np.random.default_rng(1).standard_normal((3, 8, 5))
    np.testing.assert_allclose(moved((8, 5), gradients), moved((8, 5), 1000.0 * gradients), rtol=1e-3, atol=1e-6)


def test_directions_that_return_add_up():
    """Momentum: the second of two equal steps is no smaller, and what alternates moves less than what stays."""
    gradient = np.random.default_rng(2).standard_normal((8, 5))
    steady, alternating = moved((8, 5), [gradient] * 4), moved((8, 5), [gradient, -gradient] * 2)
    assert np.linalg.norm(steady) > 3 * np.linalg.norm(alternating)


@pytest.mark.parametrize(("shape", "name"), [(7, "bias"), (7, "kernel"), ((3, 7), "means")])
def test_what_is_no_kernel_moves_as_with_adam(shape, name):
    gradients = np.random.default_rng(3).standard_normal((4, *np.atleast_1d(shape)))
    adam = keras.optimizers.Adam(0.1)
    variable = keras.Variable(np.zeros(shape, np.float32))
    for gradient in gradients:
        adam.apply([ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
    np.testing.assert_allclose(moved(shape, gradients, name=name), ops.convert_to_numpy(variable), rtol=1e-4)


def test_no_weight_decays():
    optimiser = build_optimiser(Training(optimiser="muon", learning_rate=0.1), 10)
    variable = keras.Variable(np.ones((4, 4), np.float32), name="kernel")
    optimiser.apply([ops.zeros((4, 4))], [variable])
    np.testing.assert_allclose(ops.convert_to_numpy(variable), 1.0, atol=1e-6)


def test_config_gives_it_back():
    optimiser = KernelMuon(0.1, adam_beta_1=0.8, clipnorm=2.0)
    again = KernelMuon.from_config(optimiser.get_config())
    assert (again.adam_beta_1, again.clipnorm) == (0.8, 2.0)
