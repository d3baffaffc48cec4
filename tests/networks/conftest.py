import numpy as np
import pytest
from keras import ops


@pytest.fixture
def apply():
    """Call a network on standard normal input of its own shape; the output as an array."""

    def call(network, count=2, seed=0):
        values = np.random.default_rng(seed).standard_normal((count, *network.input_shape[1:]), np.float32)
        return ops.convert_to_numpy(network(values))

    return call
