"""How a training went: whether it failed, ended early or had not settled."""

import numpy as np

from isthmus.evaluation.diagnosis.finding import Finding
from isthmus.evaluation.diagnosis.summary import Summary

FALLING_SHARE = 0.02
"""A loss that fell by this share of its whole way in the last fifth of the epochs is still falling."""
RISING_SHARE = 0.1
"""A validation loss that rose by this share of its whole way after the best epoch has turned."""


def failed(summary: Summary) -> Finding | None:
    """A training that broke off, such as by a loss that is not finite."""
    progress = summary.progress
    if progress.state != "failed":
        return None
    return Finding(
        "failed",
        "fault",
        "Training failed",
        f"{_sentence(progress.message)} The run holds the best model until then.",
        "Train again with a smaller learning rate and clipped gradients.",
        {
            "training.clip_norm": 1,
            "training.learning_rate": float(f"{summary.recipe.training.learning_rate / 3:.2g}"),
        },
    )


def interrupted(summary: Summary) -> Finding | None:
    """A training that was stopped."""
    progress = summary.progress
    if progress.state != "interrupted":
        return None
    return Finding(
        "interrupted",
        "remark",
        "Training was interrupted",
        f"{_sentence(progress.message)} The run holds the best model until then.",
        "Resume it.",
        resume=True,
    )


def stopped_early(summary: Summary) -> Finding | None:
    """A training that ended by its patience."""
    progress = summary.progress
    if progress.state != "complete" or not progress.message:
        return None
    return Finding(
        "stopped_early",
        "remark",
        "Training stopped early",
        f"{_sentence(progress.message)} It took {progress.epochs} of {summary.recipe.training.epochs} epochs; the run "
        f"holds epoch {progress.best_epoch}.",
    )


def still_falling(summary: Summary) -> Finding | None:
    """A loss that had not settled; of a model behind its baseline, one whose last epoch was the best."""
    progress = summary.progress
    if progress.state != "complete" or progress.message or not progress.epochs:
        return None
    further = {"training.epochs": 2 * progress.epochs}
    if progress.epochs == 1:
        return Finding(
            "still_falling",
            "remark",
            "One epoch only",
            "After 1 epoch nothing shows whether the loss had settled.",
            "Train further, and compare.",
            further,
            resume=True,
        )
    values = progress.judged
    if len(values) < 2 or np.argmin(values) != len(values) - 1:
        return None
    recent = max(1, len(values) // 5)
    fell, way = values[-1 - recent] - values[-1], values[0] - values[-1]
    behind = summary.baseline is not None and summary.baseline.wins
    if not behind and (len(values) < 3 or fell <= FALLING_SHARE * way):
        return None
    return Finding(
        "still_falling",
        "remark",
        "The loss was still falling",
        f"In the last {'epoch' if recent == 1 else f'{recent} epochs'} it fell by {fell:.1f} nats, and the last epoch "
        "was the best.",
        "Train further.",
        further,
        resume=True,
    )


def past_best(summary: Summary) -> Finding | None:
    """A validation loss that turned."""
    progress = summary.progress
    values = progress.history.get("val_loss", np.zeros(0))
    if len(values) < 3:
        return None
    way, rise = float(np.nanmax(values) - np.nanmin(values)), float(values[-1] - np.nanmin(values))
    if not (way > 0 and rise > RISING_SHARE * way):
        return None
    return Finding(
        "past_best",
        "remark",
        "Validation turned before the end",
        f"It was best in epoch {progress.best_epoch} and {rise:.1f} nats worse by epoch {len(values)}. The run holds "
        f"the weights of epoch {progress.best_epoch}; more epochs would not help.",
    )


def _sentence(text: str) -> str:
    text = text.strip() or "no reason was recorded"
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
