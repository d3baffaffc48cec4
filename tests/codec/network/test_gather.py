import numpy as np

from isthmus.codec.network.gather import run_length


def test_the_length_of_runs():
    assert run_length(np.array([[4, 5, 6, 7], [-1, -1, 0, 1]], np.int32), 8) == 2
    assert run_length(np.array([[0, 1, 2, 3]], np.int32), 4) == 4
    assert run_length(np.array([[1, 2, 3, 4]], np.int32), 8) == 1
    assert run_length(np.empty((3, 0), np.int32), 8) == 1
