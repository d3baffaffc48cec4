import numpy as np
import pytest
from scipy.stats import norm

from isthmus.codec.lossy.masses import LEAST_WIDTH, MOST_WIDTH, REACH, masses

VALUES = np.arange(-REACH, REACH)


@pytest.mark.parametrize("width", [LEAST_WIDTH, -9, 0, 8, 23, MOST_WIDTH])
def test_masses_are_the_normals(width):
    found = masses(width)
    assert found.sum() == 2**24
    assert found.min() >= 1
    deviation = 2.0 ** (width / 8)
    expected = norm.cdf((VALUES + 0.5) / deviation) - norm.cdf((VALUES - 0.5) / deviation)
    np.testing.assert_allclose(found / 2**24, expected, atol=3e-4 / max(deviation, 1.0) + 2 * len(VALUES) / 2**24)
