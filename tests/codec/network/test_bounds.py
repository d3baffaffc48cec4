import numpy as np

from isthmus.codec.network.bounds import largest_value
from isthmus.codec.network.fixed_point import FixedPointNetwork, Output
from isthmus.codec.network.nodes import (
    Constant,
    Input,
    Join,
    Lookup,
    Rearranged,
    Rectifier,
    Shifted,
)


def network(*nodes):
    return FixedPointNetwork(nodes, {"y": Output(len(nodes) - 1, (nodes[-1].size,))})


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
