"""Networks in exact integer arithmetic; see `nodes`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.tables import Integers
from isthmus.codec.network.bounds import largest_sum
from isthmus.codec.network.gather import Floats
from isthmus.codec.network.nodes import EXACT, Node
from isthmus.errors import RunError

_ALIVE = 1 << 26
"""Numbers that a network holds at once, unless one image needs more."""


@dataclass(frozen=True)
class Output:
    """An output of a network: a node, and its shape for each image."""

    node: int
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FixedPointNetwork:
    """A network that is computed exactly.

    Attributes:
        nodes: The nodes in order; the first is the input.
        outputs: The outputs by name.

    Raises:
        RunError: If a sum could exceed the exact range.
    """

    nodes: Sequence[Node]
    outputs: Mapping[str, Output]

    def __post_init__(self) -> None:
        for number, node in enumerate(self.nodes):
            largest = largest_sum(node, [self.nodes[source] for source in node.sources])
            if largest >= EXACT:
                raise RunError(
                    f"the network cannot be computed exactly: a sum of node {number} may reach {largest:.3g}, and "
                    f"whole numbers are exact below {float(EXACT):.3g}. Its weights are too large or too many."
                )

    @cached_property
    def alive(self) -> int:
        """The most numbers of an image that are in memory at once."""
        sizes = dict[int, int]()
        most = 0
        for number, done in enumerate(self._done_after):
            sizes[number] = self.nodes[number].size
            most = max(most, sum(sizes.values()))
            for source in done:
                del sizes[source]
        return most

    def __call__(self, inputs: NDArray[np.generic]) -> dict[str, Integers]:
        """Compute the outputs by name, whole numbers `(images, *shape)`, from inputs `(images, ...)`."""
        step = max(1, _ALIVE // self.alive)
        parts = [self._compute(inputs[start : start + step]) for start in range(0, len(inputs), step)]
        return parts[0] if len(parts) == 1 else {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}

    def _compute(self, inputs: NDArray[np.generic]) -> dict[str, Integers]:
        values: dict[int, Floats] = {}
        for number, (node, done) in enumerate(zip(self.nodes, self._done_after, strict=True)):
            if number:
                values[number] = node.compute(*(values[source] for source in node.sources))
            else:
                values[0] = inputs.reshape(len(inputs), -1).astype(np.float64)
            for source in done:
                del values[source]
        return {
            name: values[output.node].astype(np.int64).reshape(-1, *output.shape)
            for name, output in self.outputs.items()
        }

    @cached_property
    def _done_after(self) -> list[list[int]]:
        """For each node, the sources that no later node and no output needs."""
        last = {source: number for number, node in enumerate(self.nodes) for source in node.sources}
        results = {output.node for output in self.outputs.values()}
        done: list[list[int]] = [[] for _ in self.nodes]
        for source, number in last.items():
            if source not in results:
                done[number].append(source)
        return done

    def fraction(self, name: str) -> int:
        """The bits after the binary point of an output."""
        return self.nodes[self.outputs[name].node].fraction
