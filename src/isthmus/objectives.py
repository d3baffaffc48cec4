"""What training minimises, as a function of named terms."""

from dataclasses import dataclass
from typing import Any

from isthmus import recipes
from isthmus.probability import Latent, Likelihood, Terms


@dataclass(frozen=True)
class RateDistortion:
    """Distortion + β x rate: the negative ELBO at β = 1 (Kingma & Welling 2014), else the β-VAE's (Higgins 2017).

    Attributes:
        estimator: The rate in closed form (ibid. eq. 10), or from the single sample that the distortion uses (eq. 5-7).
        beta: The weight of the rate.
        warmup_steps: Steps over which the weight grows from 0, linearly.
    """

    estimator: str
    beta: float
    warmup_steps: int

    def terms(
        self, xp: Any, latent: Latent, likelihood: Likelihood, images: Any, z: Any, posterior: Any, outputs: Any
    ) -> Terms:
        """The terms for images `(batch, h, w, c)`, 0 to 1, and one code `z` `(batch, dim)` for each.

        Args:
            xp: The array namespace.
            latent: What the encoder's `posterior` parameters mean.
            likelihood: What the decoder's `outputs` parameters mean.
            images: What the decoder should give.
            z: The sample of the posterior that was decoded.
            posterior: The encoder's parameters by name.
            outputs: The decoder's parameters by name.
        """
        distortion = likelihood.distortion(xp, images, outputs)
        if not latent.has_rate:
            return Terms(distortion)
        if self.estimator == "closed-form":
            rate = xp.sum(latent.kl(xp, posterior), axis=-1)
        else:
            rate = latent.log_ratio(xp, z, posterior)
        return Terms(distortion, {latent.group.name: rate})

    def weight(self, xp: Any, step: Any) -> Any:
        """β at a training step, counted from 0."""
        if self.warmup_steps == 0:
            return self.beta
        return self.beta * xp.clip(step / self.warmup_steps, 0.0, 1.0)


def objective_of(spec: recipes.Objective, steps_per_epoch: int) -> RateDistortion:
    """The objective that a recipe describes, for a training with this number of steps per epoch."""
    return RateDistortion(spec.estimator, spec.beta, round(spec.beta_warmup_epochs * steps_per_epoch))
