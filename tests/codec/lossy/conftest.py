import numpy as np
import pytest

from isthmus.codec.lossy.statistics import CodeStatistics


@pytest.fixture
def make_statistics():
    """Codes drawn at random, and what is known of them: the first number means much, the last next to nothing."""

    def make(count=200, dim=6, seed=0):
        tolerances = np.geomspace(0.05, 0.999, dim)
        deviations = np.sqrt(1.0 - np.square(tolerances))
        codes = np.random.default_rng(seed).standard_normal((count, dim)) * deviations
        return CodeStatistics(codes.astype(np.float32), tolerances, np.zeros(dim), deviations)

    return make
