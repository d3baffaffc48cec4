"""Priors: the distribution of codes before an image is seen.

What a prior has learned comes from its network, as what a decoder has learned does: a function from codes `(n, dim)`,
float32, to named arrays `(n, ...)`. While a model is trained that is a Keras model, and afterwards a graph of the run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability.gaussian import gaussian_nll, kl_from_standard_normal
from isthmus.probability.latents import GaussianPosterior, Latent, Parameters

PriorNetwork = Callable[[Any], Mapping[str, Any]]


class Prior(Protocol):
    """A distribution of codes."""

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """The arrays that it learns, by name, with their initial values; none for a prior that learns nothing."""

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None) -> Any:
        """Log p(z) of codes `(n, dim)`, nats, `(n,)`."""

    def kl(self, xp: Any, latent: Latent, parameters: Parameters) -> Any | None:
        """The closed-form KL divergence of the posterior from the prior by dimension, nats, `(batch, dim)`.

        None where there is no such form.
        """

    def sample(
        self, count: int, dim: int, rng: np.random.Generator, network: PriorNetwork | None
    ) -> NDArray[np.float32]:
        """Sample codes, float32 `(count, dim)`."""


@dataclass(frozen=True)
class StandardNormal:
    """Independent standard normal dimensions (Kingma & Welling 2014)."""

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """Nothing: it is fixed."""
        return {}

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None) -> Any:
        """Log N(z; 0, 1), nats, `(n,)`."""
        return -xp.sum(gaussian_nll(xp, z, 0.0, 0.0), axis=-1)

    def kl(self, xp: Any, latent: Latent, parameters: Parameters) -> Any | None:
        """KL of each dimension of a Gaussian posterior, ibid. appendix B; None for other posteriors."""
        if not isinstance(latent, GaussianPosterior):
            return None
        return kl_from_standard_normal(xp, parameters["mean"], parameters["log_variance"])

    def sample(
        self, count: int, dim: int, rng: np.random.Generator, network: PriorNetwork | None
    ) -> NDArray[np.float32]:
        """Sample codes, float32 `(count, dim)`."""
        return rng.standard_normal((count, dim), np.float32)


@singledispatch
def prior_of(fields: recipes.PriorFields) -> Prior:
    """The prior that a recipe describes; a new kind registers its own function."""
    raise NotImplementedError(f"prior.kind={fields.kind!r} has no prior: register one with prior_of.register")


@prior_of.register
def _(fields: recipes.StandardNormalPrior) -> Prior:
    return StandardNormal()
