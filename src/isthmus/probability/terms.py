"""What an objective is computed from, and what it is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from isthmus.probability.latents import Parameters
from isthmus.probability.variables import LatentVariable


@dataclass(frozen=True, eq=False)
class Forward:
    """What a model made of a batch, with K draws of each posterior.

    Attributes:
        xp: The array namespace.
        variable: What the posterior means.
        posterior: The encoder's parameters by name, each `(batch, dim)`.
        z: The draws that were decoded, `(K, batch, dim)`.
        distortion: -log p(x | z) of each, nats, `(K, batch)`.
        step: The training step, from 0; None in validation, which counts every term in full.
        target: What was to be predicted, `(batch, height, width, channels)`, brightness from 0 to 1; None where only
            the likelihood is asked for.
        prediction: The mean of the likelihood of each draw, `(K, batch, height, width, channels)`; None likewise.
    """

    xp: Any
    variable: LatentVariable
    posterior: Parameters
    z: Any
    distortion: Any
    step: Any | None = None
    target: Any = None
    prediction: Any = None

    @cached_property
    def log_ratio(self) -> Any:
        """Log q(z | x) - log p(z) of each draw, nats, `(K, batch)`."""
        return self.variable.log_ratio(self.xp, self.z, self.posterior)

    @cached_property
    def kl(self) -> Any | None:
        """The divergence of the posterior from the prior by dimension, nats, `(batch, dim)`; None without a form."""
        return self.variable.kl(self.xp, self.posterior)


@dataclass(frozen=True)
class Terms:
    """An objective and its named terms, each in nats per image with shape `(batch,)`.

    Attributes:
        loss: What training minimises.
        distortion: -log p(x | z), the mean over the draws.
        rates: For each latent group, what its code costs: the divergence of posterior from prior.
        penalties: What the objective adds besides, by name.
    """

    loss: Any
    distortion: Any
    rates: Mapping[str, Any] = field(default_factory=dict)
    penalties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> Any:
        """The rates of all groups together; the number 0 where no group has one."""
        return sum(self.rates.values())
