"""What is odd about a run, in plain words, with what to do about it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.report.code_findings import codes_beyond_prior, silent_dimensions
from isthmus.report.commands import resume_command, train_command
from isthmus.report.observed import Finding, Observed

FALLING_SHARE = 0.02
"""A loss that fell by this share of its whole way in the last fifth of the epochs is still falling."""
GAP_SHARE = 0.1
"""Over-fitting: how much worse validation images are than training images, as a share of the loss's whole way."""
OUTLIER_DEVIATIONS = 6.0
"""A distortion this many (robust) standard deviations above the median belongs to an image that is unlike the rest."""
NOTHING_LEARNED = 0.98
"""A squared error above this share of the mean image's is as good as that."""
FEW_IMAGES = 1000


def findings(observed: Observed) -> list[Finding]:
    """Say what stands out, the worst first; where nothing does, say that, and what was looked at."""
    found = [finding for check in _CHECKS if (finding := check(observed)) is not None]
    found.sort(key=lambda finding: ("bad", "warning", "note", "good").index(finding.tone))
    if any(finding.tone in ("bad", "warning") for finding in found):
        return found
    good = Finding(
        "good",
        "Nothing looks wrong",
        "Looked at: how training ended, whether the loss still fell, over-fitting, dimensions of the code that say "
        "nothing, and images unlike the rest.",
    )
    return [good, *found]


def _learned_nothing(observed: Observed) -> Finding | None:
    mse, variance = observed.mse, observed.pixel_variance
    if mse is None or not variance or mse < NOTHING_LEARNED * variance:
        return None
    rate = observed.recipe.training.learning_rate
    return Finding(
        "bad",
        "It learned nothing",
        f"Its squared error is {mse:.4f}; the mean image, whatever is shown, would have {variance:.4f}.",
        "Another seed may start better; else try a smaller learning rate, or a code that is never cut to 0.",
        _anew(
            observed,
            {"training.seed": observed.recipe.training.seed + 1, "training.learning_rate": float(f"{rate / 3:.2g}")},
        ),
    )


def _ended(observed: Observed) -> Finding | None:
    if observed.state == "failed":
        rate = observed.recipe.training.learning_rate
        return Finding(
            "bad",
            "Training failed",
            f"{_sentence(observed.message)} The run holds the best model until then.",
            "Train anew with a gentler step.",
            _anew(observed, {"training.clip_norm": 1, "training.learning_rate": float(f"{rate / 3:.2g}")}),
        )
    if observed.state == "interrupted":
        return Finding(
            "warning",
            "Training was interrupted",
            f"{_sentence(observed.message)} The run holds the best model until then.",
            "Go on from there:",
            resume_command(observed.data, observed.run),
        )
    if observed.message:
        return Finding(
            "note",
            "Training stopped early",
            f"{_sentence(observed.message)} It took {observed.epochs} of {observed.recipe.training.epochs} epochs; the "
            f"run holds epoch {observed.best_epoch}.",
        )
    return None


def _still_falling(observed: Observed) -> Finding | None:
    if observed.state != "complete" or observed.message:
        return None
    longer = 2 * observed.epochs
    # Along a cosine the steps have shrunk to nothing: going on from there would not move.
    cosine = observed.recipe.training.schedule == "cosine"
    command = (
        _anew(observed, {"training.epochs": longer}) if cosine else resume_command(observed.data, observed.run, longer)
    )
    if observed.epochs < 2:
        return Finding(
            "note",
            "One epoch only",
            "Each image was seen once, so nobody can tell whether the loss had settled.",
            "Try more, and compare:",
            command,
        )
    values = _judged(observed)
    if len(values) < 3:
        return None
    recent = max(1, len(values) // 5)
    way = values[0] - values.min()
    if way > 0 and np.argmin(values) == len(values) - 1 and values[-1 - recent] - values[-1] > FALLING_SHARE * way:
        return Finding(
            "warning",
            "The loss was still falling",
            f"In the last {'epoch' if recent == 1 else f'{recent} epochs'} it fell by "
            f"{values[-1 - recent] - values[-1]:.1f} nats, and the last epoch was the best.",
            "More epochs will probably help:",
            command,
        )
    return None


def _over_fitting(observed: Observed) -> Finding | None:
    history, best = observed.history, observed.best_epoch
    if not {"loss", "val_loss"} <= history.keys() or not 1 <= best <= len(history["val_loss"]):
        return None
    # The rate's weight may have been growing while it learned; the distortion means the same all along.
    key = "distortion" if {"distortion", "val_distortion"} <= history.keys() else "loss"
    gap = float(history[f"val_{key}"][best - 1] - history[key][best - 1])
    values = history["val_loss"]
    way = float(np.nanmax(values) - np.nanmin(values))
    rise = float(values[-1] - np.nanmin(values))
    remedy = "More images help most; next, a smaller network, or training.patience=10 to stop in time."
    if len(values) >= 3 and way > 0 and rise > GAP_SHARE * way:
        return Finding(
            "warning",
            "It began to learn the images by heart",
            f"Validation was best in epoch {best} and {rise:.1f} nats worse by epoch {len(values)}. The run holds the "
            f"weights of epoch {best}.",
            remedy,
        )
    if len(values) >= 3 and way > 0 and gap > GAP_SHARE * way:
        return Finding(
            "warning",
            "Worse at new images than at those it learned from",
            f"In its best epoch the {key} was {gap:.1f} nats higher on validation images than on training images.",
            remedy,
        )
    return None


def _outliers(observed: Observed) -> Finding | None:
    values = observed.distortion_nats
    if values is None or len(values) < 20:
        return None
    median = float(np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(values - median)))
    odd = np.flatnonzero(values > median + OUTLIER_DEVIATIONS * deviation)
    if deviation <= 0 or len(odd) == 0:
        return None
    worst = odd[np.argsort(-values[odd])]
    named = ", ".join(observed.names[index] for index in worst[:5]) if len(observed.names) == len(values) else ""
    return Finding(
        "note",
        f"{_count(len(odd), 'image')} unlike the rest",
        f"Far worse reconstructed than most{': ' + named if named else ''}{' and others' if len(odd) > 5 else ''}. "
        "A fault in the data would show here first.",
        "Look whether such images belong.",
    )


def _images_kept_aside(observed: Observed) -> Finding | None:
    if observed.validation_images and observed.test_images:
        return None
    if not observed.validation_images and not observed.test_images:
        text = "No image was kept aside, so nothing here says how the model does on images that it has not seen."
    elif observed.test_images:
        text = "The best epoch was chosen by the training loss: none was kept aside to validate on."
    else:
        text = (
            "There are no test images: the figures are measured on the validation images, which also chose the best "
            "epoch, so they flatter a little."
        )
    return Finding("note", "Not all parts of the data are there", text)


def _few_images(observed: Observed) -> Finding | None:
    if observed.train_images >= FEW_IMAGES:
        return None
    return Finding(
        "note",
        f"{_count(observed.train_images, 'image')} to learn from",
        "That is few: expect blurred samples, and figures that change with the seed.",
    )


def _beta(observed: Observed) -> Finding | None:
    objective = observed.recipe.objective
    if observed.recipe.latent.kind == "point" or objective.beta == 1:
        return None
    effect = "shorter codes, blurrier images" if objective.beta > 1 else "richer codes, poorer samples"
    return Finding(
        "note",
        f"Trained with beta {objective.beta:g}",
        f"Training weighed the rate by {objective.beta:g} ({effect}). The figures above weigh it by 1, so that runs "
        "can be compared.",
    )


_CHECKS: tuple[Callable[[Observed], Finding | None], ...] = (
    _ended,
    _learned_nothing,
    _still_falling,
    _over_fitting,
    silent_dimensions,
    codes_beyond_prior,
    _outliers,
    _images_kept_aside,
    _few_images,
    _beta,
)


def _anew(observed: Observed, changes: Mapping[str, Any]) -> str:
    return train_command(observed.data, observed.recipe, changes)


def _judged(observed: Observed) -> NDArray[np.float64]:
    """The loss that chose the best epoch, where it is finite."""
    values = observed.history.get("val_loss", observed.history.get("loss", np.zeros(0)))
    return values[np.isfinite(values)]


def _sentence(text: str) -> str:
    text = text.strip() or "nobody said why"
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
