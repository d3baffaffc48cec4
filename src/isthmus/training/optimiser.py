"""The optimiser, and the learning rate that it follows step by step."""

import math
from typing import Any

import keras
from keras import ops

from isthmus.recipes import Training
from isthmus.training.muon import KernelMuon


@keras.saving.register_keras_serializable("isthmus")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear growth from 0, then constant or along half a cosine down to 0 (Loshchilov & Hutter 2017, eq. 5).

    Args:
        peak: The highest learning rate.
        steps: The steps of the whole training.
        warmup_steps: The steps of growth.
        cosine: Whether it falls.
    """

    def __init__(self, peak: float, steps: int, warmup_steps: int, cosine: bool) -> None:
        self.peak, self.steps, self.warmup_steps, self.cosine = peak, steps, warmup_steps, cosine

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        rate = ops.ones_like(step)
        if self.cosine:
            done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
            rate = 0.5 * (1.0 + ops.cos(math.pi * ops.clip(done, 0.0, 1.0)))
        if self.warmup_steps:
            rate = ops.minimum((step + 1.0) / self.warmup_steps, rate)
        return self.peak * rate

    def get_config(self) -> dict[str, Any]:
        """What it takes to build it again."""
        return {"peak": self.peak, "steps": self.steps, "warmup_steps": self.warmup_steps, "cosine": self.cosine}


def build_optimiser(training: Training, steps: int) -> keras.optimizers.Optimizer:
    """The optimiser that a recipe describes, for a training of `steps` steps.

    It averages gradients over the recipe's accumulated steps, and counts each such group as one step of the schedule.
    The moving average of the weights (Polyak & Juditsky 1992) is among its variables, and so in every checkpoint. So is
    the scale of the loss, by which gradients in float16 do not vanish (Micikevicius et al. 2018, section 3.2).
    """
    updates = max(1, steps // training.accumulation)
    schedule = Schedule(
        training.learning_rate, updates, round(training.warmup_fraction * updates), training.schedule == "cosine"
    )
    common = {
        # Named, or Keras would number it, and a checkpoint would fit only the first optimiser of a process.
        "name": training.optimiser,
        "global_clipnorm": training.clip_norm,
        "gradient_accumulation_steps": training.accumulation if training.accumulation > 1 else None,
        "use_ema": training.ema > 0.0,
        "ema_momentum": training.ema,
    }
    first, second = training.adam_betas
    if training.optimiser == "sgd":
        optimiser = keras.optimizers.SGD(schedule, momentum=training.momentum, **common)
    elif training.optimiser == "muon":
        decays = {"weight_decay": None, "adam_weight_decay": None}
        optimiser = KernelMuon(schedule, adam_beta_1=first, adam_beta_2=second, **decays, **common)
    else:
        optimiser = keras.optimizers.Adam(schedule, beta_1=first, beta_2=second, **common)
    if training.precision != "mixed_float16":
        return optimiser
    return keras.optimizers.LossScaleOptimizer(optimiser, name="loss_scale")


def keeps_average(optimiser: keras.optimizers.Optimizer) -> bool:
    """Whether an optimiser keeps a moving average of the weights, also where the loss is scaled around it."""
    return bool(getattr(optimiser, "inner_optimizer", optimiser).use_ema)
