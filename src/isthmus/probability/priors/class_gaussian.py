"""A prior that is learned for each class: a diagonal Gaussian."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability import namespace
from isthmus.probability.gaussian import gaussian_nll, kl_from_standard_normal
from isthmus.probability.latents import GaussianPosterior, Latent, Parameters
from isthmus.probability.priors.base import Prior, PriorNetwork, learned_by, prior_of


@dataclass(frozen=True)
class ClassGaussian:
    """p(z | y) = N(z; μ_y, σ_y²), diagonal (Sohn, Lee & Yan 2015, with a table for the network of their prior).

    Attributes:
        classes: The number of classes.
    """

    classes: int
    depends_on_condition: ClassVar[bool] = True

    def learned_shapes(self, dim: int) -> Mapping[str, tuple[int, ...]]:
        """`means` and `log_variances`, each `(classes, dim)`."""
        return {"means": (self.classes, dim), "log_variances": (self.classes, dim)}

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """Standard normal distributions: what tells classes apart is learned."""
        return {name: np.zeros(shape) for name, shape in self.learned_shapes(dim).items()}

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None, condition: Any | None = None) -> Any:
        """Log p(z | y) of codes `(n, dim)`, nats, `(n,)`.

        Raises:
            ValueError: If no network or no condition is given.
        """
        mean, log_variance = self._of(xp, z, network, condition)
        return -xp.sum(gaussian_nll(xp, z, mean, 0.5 * log_variance), axis=-1)

    def kl(
        self,
        xp: Any,
        latent: Latent,
        parameters: Parameters,
        network: PriorNetwork | None = None,
        condition: Any | None = None,
    ) -> Any | None:
        """KL of each dimension of a Gaussian posterior; None for other posteriors.

        It is that from a standard normal once both are shifted by μ_y and scaled by 1 / σ_y.

        Raises:
            ValueError: If no network or no condition is given.
        """
        if not isinstance(latent, GaussianPosterior):
            return None
        mean, log_variance = self._of(xp, parameters["mean"], network, condition)
        shifted = (parameters["mean"] - mean) * xp.exp(-0.5 * log_variance)
        return kl_from_standard_normal(xp, shifted, parameters["log_variance"] - log_variance)

    def sample(
        self,
        count: int,
        dim: int,
        rng: np.random.Generator,
        network: PriorNetwork | None,
        condition: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Sample codes of the classes of `condition`, float32 `(count, dim)`.

        Raises:
            ValueError: If no network or no condition is given.
        """
        mean, log_variance = self._of(namespace, np.zeros((1, dim), np.float32), network, condition)
        noise = rng.standard_normal((count, dim))
        return np.asarray(mean + np.exp(0.5 * log_variance) * noise, np.float32)

    @staticmethod
    def _of(xp: Any, z: Any, network: PriorNetwork | None, condition: Any | None) -> tuple[Any, Any]:
        """Mean and log variance of the class of each row of the condition, `(n, dim)`."""
        if condition is None:
            raise ValueError("expected a condition, for the class of each code; got None")
        learned = learned_by(network, z)
        means, log_variances = learned["means"][0], learned["log_variances"][0]
        return xp.matmul(condition, means), xp.matmul(condition, log_variances)


@prior_of.register
def _(fields: recipes.ClassGaussianPrior, latent: Latent, classes: int = 0) -> Prior:
    return ClassGaussian(classes)
