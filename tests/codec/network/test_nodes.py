import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from small_networks import network, product

from isthmus.codec.network.nodes import (
    Constant,
    Input,
    Join,
    Rearranged,
    Rectifier,
    Shifted,
    Sum,
    rescale,
)


def test_a_product_gathers_multiplies_and_rounds_halves_up():
    net = network(Input((), 3, 0, 100), product([[0, -1], [2, 1]], [[3, -1], [5, 2]], [1, 0], shift=1))
    # row 0: x0 and a zero; row 1: x2 and x1
    found = net(np.array([[7, 2, -4]]))["y"]
    sums = [7 * 3 + 1, -7, -4 * 3 + 2 * 5 + 1, 4 + 4]
    assert found[0].tolist() == [(s + 1) >> 1 for s in sums]


def test_the_other_nodes():
    x = np.array([[4, -4, 9]])
    given_ = Input((), 3, 12, 1000)
    assert network(given_, Rectifier((0,), 3, 12, 1000, 1024))(x)["y"].tolist() == [[4, -1, 9]]
    assert network(given_, Shifted((0,), 3, 12, 1000, np.array([1.0, 2, 3])))(x)["y"].tolist() == [[5, -2, 12]]
    assert network(given_, Sum((0, 0), 3, 12, 10))(x)["y"].tolist() == [[8, -8, 10]]
    assert network(given_, Join((0, 0), 6, 12, 1000))(x)["y"].tolist() == [[4, -4, 9] * 2]
    index = np.array([2, -1, 2, 0], np.int32)
    assert network(given_, Rearranged((0,), 4, 12, 1000, index))(x)["y"].tolist() == [[9, 0, 9, 4]]
    assert network(given_, Constant((0,), 2, 12, 9, np.array([7.0, 8])))(x)["y"].tolist() == [[7, 8]]


@given(st.integers(-(2**51), 2**51), st.integers(0, 40))
def test_rescaling_is_a_shift_with_halves_up(value, shift):
    sums = np.array([float(value)])
    rescale(sums, shift, 2**52)
    assert int(sums[0]) == (value + (1 << shift >> 1) >> shift)
