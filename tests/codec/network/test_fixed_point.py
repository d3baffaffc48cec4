import numpy as np
import pytest
from small_networks import network, product

from isthmus.codec.network import fixed_point, nodes
from isthmus.codec.network.nodes import (
    Input,
    Sum,
)
from isthmus.errors import RunError


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
    monkeypatch.setattr(nodes, "_SCRATCH", 1)
    np.testing.assert_array_equal(net(x)["y"], whole)
    for most in (1, 7 * 14, 10**6):
        monkeypatch.setattr(fixed_point, "_ALIVE", most)
        np.testing.assert_array_equal(net(x)["y"], whole)
    np.testing.assert_array_equal(net(x[7:8])["y"], whole[7:8])


def test_what_is_no_longer_needed_is_let_go():
    doubled = [Sum((i, i), 100, 12, 10) for i in range(30)]
    assert network(Input((), 100, 12, 10), *doubled).alive == 200
    kept = [*doubled, Sum((0, 30), 100, 12, 10)]
    assert network(Input((), 100, 12, 10), *kept).alive == 300
