"""A discrete latent: a code of a finite codebook at each position of a grid."""

from dataclasses import dataclass
from typing import Any, ClassVar

from isthmus import recipes
from isthmus.probability.codebook import Codebook
from isthmus.probability.latents import Latent, LatentGroup, Parameters, latent_of


@dataclass(frozen=True)
class FiniteScalarCode:
    """Finite scalar quantisation (Mentzer, Minnen, Agustsson & Tschannen 2023): one discrete code map for each image.

    The posterior puts all probability on one code map, so log q(z | x) = 0 and the rate is -log p(z), in nats. Codes
    are discrete, so p(z) is a probability, and log p(x | z) + log p(z) = log p(x, z) is a true lower bound on log p(x).

    Attributes:
        shape: Rows, columns and channels.
        codebook: The codes of a position.
    """

    shape: tuple[int, int, int]
    codebook: Codebook
    parameter_names: ClassVar[tuple[str, ...]] = ("mean",)
    has_posterior: ClassVar[bool] = True
    activation: ClassVar[str] = "linear"
    training_noise: ClassVar[float] = 0.0

    @property
    def group(self) -> LatentGroup:
        """Its name, kind and shape."""
        return LatentGroup("latent", "fsq", self.shape)

    def sample(self, xp: Any, parameters: Parameters, noise: Any) -> Any:
        """The code itself for each draw, of the shape of the noise, whose values do not matter."""
        return parameters["mean"] + xp.zeros_like(noise)

    def log_q(self, xp: Any, z: Any, parameters: Parameters) -> Any:
        """Zero: the code that the encoder gives has probability 1."""
        return xp.sum(xp.zeros_like(z), axis=-1)


@latent_of.register
def _(fields: recipes.FiniteScalarLatent) -> Latent:
    return FiniteScalarCode((*fields.grid, len(fields.levels)), Codebook(fields.levels))
