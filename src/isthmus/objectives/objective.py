"""What training minimises, as a function of what a model made of a batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any, ClassVar, Protocol

from isthmus import recipes
from isthmus.objectives.ms_ssim import MultiScaleSSIM
from isthmus.probability import Forward, Terms
from isthmus.probability.importance import log_mean_exp

Penalty = Callable[[Forward], Any]
"""What is added to the loss of each image, `(batch,)`."""


class Objective(Protocol):
    """A loss and its named terms."""

    @property
    def draws(self) -> int:
        """Draws of each posterior that it takes, K."""

    @property
    def penalty_names(self) -> tuple[str, ...]:
        """The names of the penalties among its terms."""

    def terms(self, forward: Forward) -> Terms:
        """The loss and its terms, each nats per image, `(batch,)`."""


@dataclass(frozen=True)
class RateDistortion:
    """Distortion + β x rate: the negative ELBO at β = 1 (Kingma & Welling 2014), else the β-VAE's (Higgins 2017).

    Attributes:
        estimator: The rate in closed form (ibid. eq. 10), where there is one, or `monte-carlo`, from the sample that
            the distortion uses (eq. 5-7).
        beta: The weight of the rate.
        warmup_steps: Steps over which the weight grows from 0, linearly.
        penalties: What is added to the loss besides, by name, each weighted already.
    """

    estimator: str
    beta: float
    warmup_steps: int
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    draws: ClassVar[int] = 1

    @property
    def penalty_names(self) -> tuple[str, ...]:
        """The names of the penalties."""
        return tuple(self.penalties)

    def terms(self, forward: Forward) -> Terms:
        """The loss and its terms, each nats per image, `(batch,)`."""
        distortion = forward.distortion[0]
        penalties = {name: penalty(forward) for name, penalty in self.penalties.items()}
        loss = sum(penalties.values(), start=distortion)
        if not forward.variable.has_rate:
            return Terms(loss, distortion, penalties=penalties)
        if self.estimator == "closed-form" and forward.kl is not None:
            rate = forward.xp.sum(forward.kl, axis=-1)
        else:
            rate = forward.log_ratio[0]
        weight = self.weight(forward.xp, forward.step)
        return Terms(loss + weight * rate, distortion, {forward.variable.group.name: rate}, penalties)

    def weight(self, xp: Any, step: Any | None) -> Any:
        """β at a training step, counted from 0; in full where there is none."""
        if step is None or self.warmup_steps == 0:
            return self.beta
        return self.beta * xp.clip(step / self.warmup_steps, 0.0, 1.0)


@dataclass(frozen=True)
class ImportanceWeighted:
    """The negative importance-weighted bound (Burda, Grosse & Salakhutdinov 2016, eq. 8).

    In its gradient each draw counts by its normalised weight (ibid., section 3).

    Attributes:
        draws: Draws of each posterior, K.
    """

    draws: int
    penalty_names: ClassVar[tuple[str, ...]] = ()

    def terms(self, forward: Forward) -> Terms:
        """The loss, and the means of distortion and rate over the draws, each nats per image, `(batch,)`."""
        xp = forward.xp
        loss = -log_mean_exp(xp, -(forward.distortion + forward.log_ratio))
        rate = xp.mean(forward.log_ratio, axis=0)
        return Terms(loss, xp.mean(forward.distortion, axis=0), {forward.variable.group.name: rate})


@singledispatch
def objective_of(fields: recipes.ObjectiveFields, steps_per_epoch: int) -> Objective:
    """The objective that a recipe describes, for a training with this number of steps per epoch.

    A new kind registers its own function.
    """
    raise NotImplementedError(
        f"objective.kind={fields.kind!r} has no objective: register one with objective_of.register"
    )


@objective_of.register
def _(fields: recipes.ELBO, steps_per_epoch: int) -> Objective:
    penalties = {"dissimilarity": MultiScaleSSIM(fields.ms_ssim)} if fields.ms_ssim else {}
    return RateDistortion(fields.estimator, fields.beta, round(fields.beta_warmup_epochs * steps_per_epoch), penalties)


@objective_of.register
def _(fields: recipes.IWAE, steps_per_epoch: int) -> Objective:
    return ImportanceWeighted(fields.draws)
