import numpy as np
import pytest
from keras import ops

from isthmus.errors import TrainingError
from isthmus.training.memory import memory_explained

PETABYTES = (10**6, 10**6, 10**3)


@pytest.mark.parametrize("make", [np.ones, pytest.param(ops.ones, marks=pytest.mark.slow)], ids=["numpy", "backend"])
def test_memory_that_runs_out(make):
    """The real error, of more than any machine has; TensorFlow waits for ten seconds before it raises it."""
    with (
        pytest.raises(TrainingError, match=r"needs more memory than there is: lower training\.batch_size"),
        memory_explained(),
    ):
        make(PETABYTES)


def test_another_error_is_left_alone():
    with pytest.raises(ValueError, match="a room"), memory_explained():
        raise ValueError("a room of memories")
