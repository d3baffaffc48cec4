"""A latent variable: a latent and its prior together."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability.codebook import Codebook
from isthmus.probability.latents import GaussianPosterior, Latent, LatentGroup, Parameters, latent_of
from isthmus.probability.priors import Prior, PriorNetwork, StandardNormal, prior_of

CONDITION = "condition"
"""The condition among what an encoder gives, one-hot `(batch, classes)`: prior and decoder take it from there."""


@dataclass(frozen=True)
class LatentVariable:
    """What a code is, how it is drawn from its posterior, and what it costs under the prior.

    `parameters` are the encoder's by name, and the `condition` where the model has one.

    Attributes:
        latent: The family of posteriors.
        prior: The distribution that codes are measured against.
        network: What the prior has learned; None for a prior that learns nothing.
    """

    latent: Latent
    prior: Prior
    network: PriorNetwork | None = None

    @property
    def group(self) -> LatentGroup:
        """Name, kind and shape of the code."""
        return self.latent.group

    @property
    def dim(self) -> int:
        """Latent dimensions, all positions of a grid counted."""
        return int(np.prod(self.group.shape))

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """What the encoder gives."""
        return self.latent.parameter_names

    @property
    def codebook(self) -> Codebook | None:
        """The codes of a position if codes are discrete; None for continuous codes."""
        return self.latent.codebook

    @property
    def is_discrete(self) -> bool:
        """Whether codes are discrete, so that there is none between two of them."""
        return self.codebook is not None

    @property
    def has_rate(self) -> bool:
        """Whether codes have a rate: whether the latent has a posterior."""
        return self.latent.has_posterior

    @property
    def is_random(self) -> bool:
        """Whether an image has many codes, of which each draw of its posterior is another."""
        return self.has_rate and not self.is_discrete

    @property
    def float_dim(self) -> int:
        """How many 32-bit numbers have the size of a code: `dim` of a continuous one, fewer of a discrete one."""
        if self.codebook is None:
            return self.dim
        bits = self.dim // self.codebook.channels * math.log2(self.codebook.size)
        return math.ceil(bits / 32)

    @property
    def has_standard_prior(self) -> bool:
        """Whether codes are measured against a standard normal distribution."""
        return self.has_rate and isinstance(self.prior, StandardNormal)

    @property
    def is_standard_gaussian(self) -> bool:
        """Whether a diagonal Gaussian posterior is measured against a standard normal prior."""
        return self.has_standard_prior and isinstance(self.latent, GaussianPosterior)

    def given(self, encoded: Parameters) -> dict[str, Any]:
        """Of what an encoder gives by name, the posterior's parameters, and the condition where there is one."""
        return {name: encoded[name] for name in (*self.parameter_names, CONDITION) if name in encoded}

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """Draw codes from the posterior, given standard normal `noise` `(..., batch, dim)`."""
        return self.latent.sample(xp, parameters, noise)

    def sample_prior(
        self, count: int, rng: np.random.Generator, condition: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Sample codes from the prior, float32 `(count, dim)`, given a condition `(count, classes)` or none."""
        return self.prior.sample(count, self.dim, rng, self.network, condition)

    def log_p(self, xp: Any, z: Any, condition: Any | None = None) -> Any:
        """Log p(z) of codes `(..., batch, dim)` under the prior, nats, `(..., batch)`.

        Args:
            xp: The array namespace.
            z: The codes.
            condition: The condition of each, `(batch, classes)`, or none.
        """
        if len(z.shape) == 2:
            return self.prior.log_p(xp, z, self.network, condition)
        draws = z.shape[:-2]
        if condition is not None:
            condition = xp.tile(condition, (math.prod(draws), 1))
        flat = self.prior.log_p(xp, xp.reshape(z, (-1, self.dim)), self.network, condition)
        return xp.reshape(flat, (*draws, -1))  # TensorFlow may know the batch's size later

    def log_ratio(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Log q(z | x) - log p(z), nats, `(..., batch)`: its mean over the posterior is the rate.

        Args:
            xp: The array namespace.
            z: Codes `(batch, dim)`, or several draws of each, `(draws, batch, dim)`.
            parameters: The encoder's parameters by name, each `(batch, dim)`.
        """
        if not self.has_rate:
            return xp.sum(xp.zeros_like(z), axis=-1)
        return self.latent.log_q(xp, z, parameters) - self.log_p(xp, z, parameters.get(CONDITION))

    def kl(self, xp: Any, parameters: Parameters) -> Any | None:
        """The divergence of the posterior from the prior by dimension, nats, `(batch, dim)`.

        Zeros for a plain autoencoder; None where there is no closed form.
        """
        if not self.has_rate:
            return xp.zeros_like(parameters["mean"])
        return self.prior.kl(xp, self.latent, parameters, self.network, parameters.get(CONDITION))

    def rate(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """The rate of each image, nats, `(batch,)`: in closed form where there is one, else of the draws `z`.

        Args:
            xp: The array namespace.
            z: Draws `(batch, dim)` or `(draws, batch, dim)`, whose mean is taken.
            parameters: The encoder's parameters by name, each `(batch, dim)`.
        """
        kl = self.kl(xp, parameters)
        if kl is not None:
            return xp.sum(kl, axis=-1)
        ratio = self.log_ratio(xp, z, parameters)
        return ratio if len(z.shape) == 2 else xp.mean(ratio, axis=0)


def latent_variable(recipe: recipes.Recipe, network: PriorNetwork | None = None) -> LatentVariable:
    """The latent variable of a recipe.

    Args:
        recipe: The recipe.
        network: What its prior has learned; None for a prior that learns nothing.
    """
    latent = latent_of(recipe.latent)
    return LatentVariable(latent, prior_of(recipe.prior, latent, recipe.condition.classes), network)
