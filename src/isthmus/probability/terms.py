"""What an objective is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Terms:
    """The named terms of an objective, each in nats per image with shape `(batch,)`.

    Attributes:
        distortion: -log p(x | z) for one z from the posterior.
        rates: For each latent group, what its code costs: the divergence of posterior from prior.
    """

    distortion: Any
    rates: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> Any:
        """The rates of all groups together; the number 0 where no group has one."""
        return sum(self.rates.values())
