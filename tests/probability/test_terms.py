import numpy as np

from isthmus.probability import Terms


def test_rates_add_up():
    terms = Terms(np.ones(2), np.array([5.0, 6.0]), {"coarse": np.array([1.0, 2.0]), "fine": np.array([0.5, 0.25])})
    np.testing.assert_array_equal(terms.rate, [1.5, 2.25])


def test_no_group_costs_nothing():
    assert Terms(np.ones(2), np.ones(2)).rate == 0
