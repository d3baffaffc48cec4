"""A prior that is fixed: the standard normal distribution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability.gaussian import gaussian_nll, kl_from_standard_normal
from isthmus.probability.latents import GaussianPosterior, Latent, Parameters
from isthmus.probability.priors.base import Prior, PriorNetwork, prior_of


@dataclass(frozen=True)
class StandardNormal:
    """Independent standard normal dimensions (Kingma & Welling 2014)."""

    depends_on_condition: ClassVar[bool] = False

    def learned_shapes(self, dim: int) -> Mapping[str, tuple[int, ...]]:
        """None: it is fixed."""
        return {}

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """Nothing: it is fixed."""
        return {}

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None, condition: Any | None = None) -> Any:
        """Log N(z; 0, 1), nats, `(n,)`."""
        return -xp.sum(gaussian_nll(xp, z, 0.0, 0.0), axis=-1)

    def kl(
        self,
        xp: Any,
        latent: Latent,
        parameters: Parameters,
        network: PriorNetwork | None = None,
        condition: Any | None = None,
    ) -> Any | None:
        """KL of each dimension of a Gaussian posterior, ibid. appendix B; None for other posteriors."""
        if not isinstance(latent, GaussianPosterior):
            return None
        return kl_from_standard_normal(xp, parameters["mean"], parameters["log_variance"])

    def sample(
        self,
        count: int,
        dim: int,
        rng: np.random.Generator,
        network: PriorNetwork | None,
        condition: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Sample codes, float32 `(count, dim)`."""
        return rng.standard_normal((count, dim), np.float32)


@prior_of.register
def _(fields: recipes.StandardNormalPrior, latent: Latent, classes: int = 0) -> Prior:
    return StandardNormal()
