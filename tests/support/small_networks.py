"""Fixed-point networks of a few nodes."""

import numpy as np

from isthmus.codec.network.fixed_point import FixedPointNetwork, Output
from isthmus.codec.network.nodes import Product


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
