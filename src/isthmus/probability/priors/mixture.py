"""A prior that is learned: a mixture of diagonal Gaussians."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability import namespace
from isthmus.probability.gaussian import gaussian_nll
from isthmus.probability.latents import Latent, Parameters
from isthmus.probability.priors.base import Prior, PriorNetwork, learned_by, prior_of


@dataclass(frozen=True)
class MixtureOfGaussians:
    """p(z) = Σ πₖ N(z; μₖ, σₖ²), each component diagonal, trained with the rest of the model.

    Tomczak & Welling (2018), "VAE with a VampPrior", compare theirs with it.

    Attributes:
        components: The number of Gaussians, K.
    """

    components: int
    depends_on_condition: ClassVar[bool] = False

    def learned_shapes(self, dim: int) -> Mapping[str, tuple[int, ...]]:
        """`logits` `(K,)`, `means` and `log_variances` `(K, dim)`."""
        return {"logits": (self.components,), "means": (self.components, dim), "log_variances": (self.components, dim)}

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """Equal weights and scales, and means at random."""
        means = rng.standard_normal((self.components, dim))
        return {"logits": np.zeros(self.components), "means": means, "log_variances": np.zeros_like(means)}

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None, condition: Any | None = None) -> Any:
        """Log p(z) of codes `(n, dim)`, nats, `(n,)`.

        Raises:
            ValueError: If no network is given.
        """
        learned = learned_by(network, z)
        log_weights = learned["logits"] - xp.logsumexp(learned["logits"], axis=-1, keepdims=True)
        each = gaussian_nll(xp, z[:, None], learned["means"], 0.5 * learned["log_variances"])
        return xp.logsumexp(log_weights - xp.sum(each, axis=-1), axis=-1)

    def kl(
        self,
        xp: Any,
        latent: Latent,
        parameters: Parameters,
        network: PriorNetwork | None = None,
        condition: Any | None = None,
    ) -> Any | None:
        """None: a mixture has no closed form."""
        return None

    def sample(
        self,
        count: int,
        dim: int,
        rng: np.random.Generator,
        network: PriorNetwork | None,
        condition: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Sample codes, float32 `(count, dim)`: a component for each, and a draw from it.

        Raises:
            ValueError: If no network is given.
        """
        learned = learned_by(network, np.zeros((1, dim), np.float32))
        weights = namespace.softmax(learned["logits"][0].astype(np.float64))
        chosen = rng.choice(len(weights), count, p=weights)
        noise = rng.standard_normal((count, dim))
        codes = learned["means"][0, chosen] + np.exp(0.5 * learned["log_variances"][0, chosen]) * noise
        return np.asarray(codes, np.float32)


@prior_of.register
def _(fields: recipes.MixturePrior, latent: Latent, classes: int = 0) -> Prior:
    return MixtureOfGaussians(fields.components)
