"""A prior of discrete codes that is learned: each code given those before it on the grid."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability import namespace
from isthmus.probability.codebook import Codebook
from isthmus.probability.latents import Latent, Parameters
from isthmus.probability.priors.base import Prior, PriorNetwork, prior_of
from isthmus.progress import progress_bar

MOST_LOGITS = 1 << 24
"""Numbers that the network gives at once in sampling, at most: 64 MiB of float32."""
SLOW_SECONDS = 5.0
"""Sampling that takes longer shows its progress."""


@dataclass(frozen=True)
class AutoregressiveCodes:
    """p(z) = Π p(zᵢ | z₁ ... zᵢ₋₁), over the positions in raster order.

    After van den Oord, Kalchbrenner & Kavukcuoglu (2016), "Pixel recurrent neural networks", eq. 1. The network gives
    the logits of all positions at once, `(n, rows, columns, K)`; masks keep those of a position from the codes at it
    and after it. One categorical distribution covers the K combinations of a position's channels.

    In training the rate's gradient stops here: it trains the network and never reaches the encoder.

    Attributes:
        grid: Rows and columns.
        codebook: The codes of a position.
    """

    grid: tuple[int, int]
    codebook: Codebook
    depends_on_condition: ClassVar[bool] = False

    @property
    def positions(self) -> int:
        """The positions of the grid."""
        return self.grid[0] * self.grid[1]

    def learned_shapes(self, dim: int) -> Mapping[str, tuple[int, ...]]:
        """`logits` `(rows, columns, K)`."""
        return {"logits": (*self.grid, self.codebook.size)}

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """Nothing: what it learns is a network of its own."""
        return {}

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None, condition: Any | None = None) -> Any:
        """Log p(z) of codes `(n, dim)`, nats, `(n,)`.

        Raises:
            ValueError: If no network is given.
        """
        z = xp.stop_gradient(z)
        logits = xp.reshape(self._given(network)(z)["logits"], (-1, self.positions, self.codebook.size))
        numbers = xp.expand_dims(self.codebook.numbers(xp, z), -1)
        chosen = xp.take_along_axis(logits, numbers, axis=-1)[..., 0]
        return xp.sum(chosen - xp.logsumexp(logits, axis=-1), axis=-1)

    def kl(
        self,
        xp: Any,
        latent: Latent,
        parameters: Parameters,
        network: PriorNetwork | None = None,
        condition: Any | None = None,
    ) -> Any | None:
        """None: a network has no closed form by dimension."""
        return None

    def sample(
        self,
        count: int,
        dim: int,
        rng: np.random.Generator,
        network: PriorNetwork | None,
        condition: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Sample codes, float32 `(count, dim)`: position by position, the network called once for all codes.

        Raises:
            ValueError: If no network is given.
        """
        network = self._given(network)
        thresholds = rng.random((count, self.positions))
        codes = np.zeros((count, self.positions, self.codebook.channels), np.float32)
        size = max(1, MOST_LOGITS // (self.positions * self.codebook.size))
        parts = [slice(start, start + size) for start in range(0, count, size)]
        for part, position in _shown([(part, place) for part in parts for place in range(self.positions)]):
            some = codes[part]
            logits = network(some.reshape(len(some), dim))["logits"].reshape(len(some), self.positions, -1)
            below = np.cumsum(namespace.softmax(logits[:, position].astype(np.float64), axis=-1), axis=-1)
            # The last sum is 1 but for rounding, and a threshold may lie above it.
            numbers = (below[:, :-1] <= thresholds[part, position, None]).sum(axis=-1)
            codes[part, position] = self.codebook.codes(numbers)
        return codes.reshape(count, dim)

    @staticmethod
    def _given(network: PriorNetwork | None) -> PriorNetwork:
        if network is None:
            raise ValueError("expected the network of a learned prior, for its probabilities; got None")
        return network


def _shown(steps: list[tuple[slice, int]]) -> Iterator[tuple[slice, int]]:
    """The steps in order, with a progress bar if the second shows that all will take long."""
    yield from steps[:1]  # which may open the network
    start = time.monotonic()
    yield from steps[1:2]
    rest = steps[2:]
    if (time.monotonic() - start) * len(rest) < SLOW_SECONDS:
        yield from rest
        return
    with progress_bar("sampling codes", len(steps)) as bar:
        for done, step in enumerate(rest, 3):
            yield step
            bar.update(done)


@prior_of.register
def _(fields: recipes.MaskedConvPrior, latent: Latent, classes: int = 0) -> Prior:
    assert latent.codebook is not None, "the recipe's faults refuse continuous codes"
    rows, columns = latent.group.shape[:2]
    return AutoregressiveCodes((rows, columns), latent.codebook)
