import itertools

import numpy as np
import pytest
from keras import ops

from isthmus.probability import namespace
from isthmus.probability.codebook import Codebook

LEVELS = [(2,), (3,), (8, 5, 5, 5), (4, 3), (7, 6, 2)]


def by_hand(levels):
    """Every code in the paper's order, the first channel fastest: the integers around zero, over half the levels."""
    ranges = [[(i - count // 2) / (count // 2) for i in range(count)] for count in levels]
    return np.array([code[::-1] for code in itertools.product(*ranges[::-1])], np.float32)


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_numbers_and_codes_are_those_of_the_paper(levels):
    book, expected = Codebook(levels), by_hand(levels)
    assert len(expected) == book.size
    np.testing.assert_array_equal(book.codes(np.arange(book.size)), expected)
    flat = expected.reshape(1, -1)  # a position for each code
    np.testing.assert_array_equal(book.numbers(namespace, flat), [np.arange(book.size)])
    np.testing.assert_array_equal(ops.convert_to_numpy(book.numbers(ops, flat)), [np.arange(book.size)])


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_the_nearest_code_is_the_nearest_of_all(levels):
    book = Codebook(levels)
    z = np.random.default_rng(0).uniform(-1.4, 1.4, (20, 3 * len(levels)))
    found = book.nearest(z).reshape(-1, len(levels))
    distances = np.square(z.reshape(-1, 1, len(levels)) - by_hand(levels)).sum(axis=-1)
    np.testing.assert_array_equal(found, by_hand(levels)[distances.argmin(axis=1)])
    np.testing.assert_array_equal(book.nearest(book.nearest(z)), book.nearest(z))


def test_no_codes_have_no_nearest_ones():
    assert Codebook((3, 2)).nearest(np.zeros((0, 8), np.float32)).shape == (0, 8)
