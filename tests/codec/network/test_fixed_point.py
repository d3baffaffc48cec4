import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.network import fixed_point
from isthmus.codec.network.fixed_point import (
    Constant,
    FixedPointNetwork,
    Input,
    Join,
    Lookup,
    Output,
    Product,
    Rearranged,
    Rectifier,
    Shifted,
    Sum,
    largest_value,
    rescale,
    run_length,
)
from isthmus.errors import RunError


def network(*nodes):
    return FixedPointNetwork(nodes, {"y": Output(len(nodes) - 1, (nodes[-1].size,))})


def product(index, weights, bias, shift=0, source=0, bound=1 << 40):
    weights = np.array(weights, float)
    return Product(
        (source,),
        len(index) * weights.shape[1],
        12,
        bound,
        np.array(index, np.int32),
        weights,
        np.array(bias, float),
        shift,
    )


def test_a_product_gathers_multiplies_and_rounds_halves_up():
    net = network(Input((), 3, 0, 100), product([[0, -1], [2, 1]], [[3, -1], [5, 2]], [1, 0], shift=1))
    # row 0: x0 and a zero; row 1: x2 and x1
    found = net(np.array([[7, 2, -4]]))["y"]
    sums = [7 * 3 + 1, -7, -4 * 3 + 2 * 5 + 1, 4 + 4]
    assert found[0].tolist() == [(s + 1) >> 1 for s in sums]


def test_products_are_exact_in_any_order_up_to_the_limit():
    rng = np.random.default_rng(0)
    weights = rng.integers(-(2**20), 2**20, (512, 3))
    x = rng.integers(-(2**21), 2**21, (4, 512))
    net = network(Input((), 512, 12, 2**21), product([list(range(512))], weights, [0, 0, 0], bound=2**60))
    exact = [[sum(int(a) * int(b) for a, b in zip(row, column, strict=True)) for column in weights.T] for row in x]
    assert net(x)["y"].tolist() == exact
    flipped = network(
        Input((), 512, 12, 2**21), product([list(range(511, -1, -1))], weights[::-1], [0, 0, 0], bound=2**60)
    )
    assert flipped(x)["y"].tolist() == exact


def test_a_sum_that_might_not_be_exact_is_refused():
    with pytest.raises(RunError, match="cannot be computed exactly"):
        network(Input((), 2, 12, 2**30), product([[0, 1]], [[2**22], [2**22]], [0]))


def test_images_are_computed_alike_however_many_there_are(monkeypatch):
    rng = np.random.default_rng(1)
    net = network(Input((), 6, 12, 2**20), product([[0, 1, 2], [3, 4, 5]], rng.integers(-99, 99, (3, 4)), [1, 2, 3, 4]))
    x = rng.integers(-(2**20), 2**20, (50, 6))
    whole = net(x)["y"]
    monkeypatch.setattr(fixed_point, "_SCRATCH", 1)
    np.testing.assert_array_equal(net(x)["y"], whole)
    for most in (1, 7 * 14, 10**6):
        monkeypatch.setattr(fixed_point, "_ALIVE", most)
        np.testing.assert_array_equal(net(x)["y"], whole)
    np.testing.assert_array_equal(net(x[7:8])["y"], whole[7:8])


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


def test_what_is_no_longer_needed_is_let_go():
    doubled = [Sum((i, i), 100, 12, 10) for i in range(30)]
    assert network(Input((), 100, 12, 10), *doubled).alive == 200
    kept = [*doubled, Sum((0, 30), 100, 12, 10)]
    assert network(Input((), 100, 12, 10), *kept).alive == 300


def test_no_node_gives_more_than_its_largest_value():
    rng = np.random.default_rng(0)
    x = rng.integers(-50, 51, (200, 4))
    source = Input((), 4, 12, 50)
    values = rng.integers(-99, 99, 4).astype(float)
    levels = np.arange(256) * 3
    for node, inputs in (
        (Lookup((0,), 4, 12, 765, levels), np.abs(x)),
        (Rectifier((0,), 4, 12, 500, 40_000), x),
        (Shifted((0,), 4, 12, 500, values), x),
        (Join((0, 0), 8, 12, 500), x),
        (Rearranged((0,), 2, 12, 500, np.array([3, -1], np.int32)), x),
        (Constant((0,), 4, 12, 500, values), x),
    ):
        found = np.abs(network(source, node)(inputs)["y"]).max()
        assert 0 < found <= largest_value(node, [source] * len(node.sources)) <= 765


@given(st.integers(-(2**51), 2**51), st.integers(0, 40))
def test_rescaling_is_a_shift_with_halves_up(value, shift):
    sums = np.array([float(value)])
    rescale(sums, shift, 2**52)
    assert int(sums[0]) == (value + (1 << shift >> 1) >> shift)


def test_the_length_of_runs():
    assert run_length(np.array([[4, 5, 6, 7], [-1, -1, 0, 1]], np.int32), 8) == 2
    assert run_length(np.array([[0, 1, 2, 3]], np.int32), 4) == 4
    assert run_length(np.array([[1, 2, 3, 4]], np.int32), 8) == 1
    assert run_length(np.empty((3, 0), np.int32), 8) == 1
