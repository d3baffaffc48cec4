"""A prior of discrete codes that is fixed: all are equally likely."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability.codebook import Codebook
from isthmus.probability.latents import Latent, Parameters
from isthmus.probability.priors.base import Prior, PriorNetwork, prior_of


@dataclass(frozen=True)
class UniformCodes:
    """p(z) = K^-positions: each of the K codes is as likely as any other at every position.

    Attributes:
        codebook: The codes of a position.
    """

    codebook: Codebook
    depends_on_condition: ClassVar[bool] = False

    def learned_shapes(self, dim: int) -> Mapping[str, tuple[int, ...]]:
        """None: it is fixed."""
        return {}

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """Nothing: it is fixed."""
        return {}

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None, condition: Any | None = None) -> Any:
        """Log p(z), nats, `(n,)`: the same for all codes."""
        positions = z.shape[-1] // self.codebook.channels
        return xp.sum(xp.zeros_like(z), axis=-1) - positions * math.log(self.codebook.size)

    def kl(
        self,
        xp: Any,
        latent: Latent,
        parameters: Parameters,
        network: PriorNetwork | None = None,
        condition: Any | None = None,
    ) -> Any | None:
        """KL of one code from all of them by dimension: log L for a channel of L levels."""
        mean = parameters["mean"]
        positions = mean.shape[-1] // self.codebook.channels
        each = np.tile(np.log(self.codebook.levels), positions)
        return xp.zeros_like(mean) + xp.cast(each, "float32")

    def sample(
        self,
        count: int,
        dim: int,
        rng: np.random.Generator,
        network: PriorNetwork | None,
        condition: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Sample codes, float32 `(count, dim)`."""
        numbers = rng.integers(0, self.codebook.size, (count, dim // self.codebook.channels))
        return self.codebook.codes(numbers).reshape(count, dim)


@prior_of.register
def _(fields: recipes.UniformPrior, latent: Latent, classes: int = 0) -> Prior:
    assert latent.codebook is not None, "the recipe's faults refuse continuous codes"
    return UniformCodes(latent.codebook)
