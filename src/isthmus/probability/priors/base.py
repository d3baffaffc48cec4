"""What every prior can do.

What a prior has learned comes from its network, as what a decoder has learned does: a function from codes `(n, dim)`,
float32, to named arrays `(n, ...)`. While a model is trained that is a Keras model, and afterwards a graph of the run.
"""

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from isthmus import recipes
from isthmus.probability.latents import Latent, Parameters

PriorNetwork = Callable[[Any], Mapping[str, Any]]


class Prior(Protocol):
    """A distribution of codes.

    A condition is one-hot, float32, a row for each code; a prior that does not depend on it takes and ignores it.
    """

    depends_on_condition: ClassVar[bool]
    """Whether it is another distribution for each class."""

    def learned_shapes(self, dim: int) -> Mapping[str, tuple[int, ...]]:
        """The shapes of the arrays that it learns, by name; none for a prior that learns nothing."""

    def initial(self, dim: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.floating]]:
        """The initial values of these arrays, by name."""

    def log_p(self, xp: Any, z: Any, network: PriorNetwork | None, condition: Any | None = None) -> Any:
        """Log p(z) of codes `(n, dim)`, nats, `(n,)`; given a condition `(n, classes)`, log p(z | y)."""

    def kl(
        self,
        xp: Any,
        latent: Latent,
        parameters: Parameters,
        network: PriorNetwork | None = None,
        condition: Any | None = None,
    ) -> Any | None:
        """The closed-form KL divergence of the posterior from the prior by dimension, nats, `(batch, dim)`.

        None where there is no such form.
        """

    def sample(
        self,
        count: int,
        dim: int,
        rng: np.random.Generator,
        network: PriorNetwork | None,
        condition: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Sample codes, float32 `(count, dim)`, given a condition `(count, classes)` or none."""


def learned_by(network: PriorNetwork | None, z: Any) -> Mapping[str, Any]:
    """What a prior has learned that is the same for all codes, for one code: arrays `(1, ...)` by name.

    Raises:
        ValueError: If no network is given.
    """
    if network is None:
        raise ValueError("expected the network of a learned prior, for its components; got None")
    return network(z[:1])


@singledispatch
def prior_of(fields: recipes.PriorFields, latent: Latent, classes: int = 0) -> Prior:
    """The prior that a recipe describes, for the codes of a latent and a condition of some classes, or none.

    A new kind registers its own function.
    """
    raise NotImplementedError(f"prior.kind={fields.kind!r} has no prior: register one with prior_of.register")
