"""How large the numbers of a network may become."""

from collections.abc import Sequence

import numpy as np

from isthmus.codec.arithmetic.tables import Integers
from isthmus.codec.network import nodes
from isthmus.codec.network.gather import Floats
from isthmus.codec.network.nodes import FRACTION, Node


def largest_sum(node: Node, sources: Sequence[Node]) -> int:
    """The largest magnitude that may occur while a node is computed."""
    match node:
        case nodes.Product():
            sums = np.abs(node.weights).sum(axis=0) * sources[0].bound + np.abs(node.bias)
            return int(sums.max(initial=0)) + (1 << max(node.shift, 0))
        case nodes.Interpolation():
            steepest = int(np.abs(np.diff(node.table)).max())
            return steepest * (sources[0].bound + (16 << node.source_fraction)) + int(np.abs(node.table).max())
        case nodes.Rectifier():
            return sources[0].bound * max(node.slope, 1 << FRACTION)
        case nodes.Shifted():
            return sources[0].bound + int(np.abs(node.values).max(initial=0))
        case nodes.Sum():
            return sources[0].bound + sources[1].bound
        case _:
            return node.bound


def largest_value(node: Node, sources: Sequence[Node]) -> int:
    """The largest magnitude of a node's numbers; for those that are clipped, the bound."""
    match node:
        case nodes.Lookup():
            return _largest(node.table)
        case nodes.Rectifier():
            return sources[0].bound * max(node.slope, 1 << FRACTION) >> FRACTION
        case nodes.Shifted():
            return sources[0].bound + _largest(node.values)
        case nodes.Join() | nodes.Rearranged():
            return max(source.bound for source in sources)
        case nodes.Constant():
            return _largest(node.values)
        case _:
            return node.bound


def _largest(numbers: Integers | Floats) -> int:
    return max(abs(int(numbers.min(initial=0))), abs(int(numbers.max(initial=0))))
