import numpy as np
import pytest

from isthmus.probability import namespace

SHAPE = (3, 4, 5, 2)


@pytest.fixture
def images():
    """Images of any brightness."""
    return np.random.default_rng(0).uniform(size=SHAPE)


@pytest.fixture
def parameters_of():
    """Make a likelihood's parameters as a decoder's last layer would make them."""

    def make(likelihood, seed=1):
        outputs = np.random.default_rng(seed).normal(size=(*SHAPE[:-1], likelihood.output_channels(SHAPE[-1])))
        initial = likelihood.initial_log_scale
        log_scale = None if initial is None else np.full((SHAPE[0], 1, 1, 1), initial)
        return likelihood.parameters(namespace, outputs, log_scale)

    return make
