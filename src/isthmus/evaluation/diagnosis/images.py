"""What becomes of images: beside baselines, of training images beside others, and one by one."""

import numpy as np

from isthmus.evaluation.diagnosis.finding import Finding
from isthmus.evaluation.diagnosis.summary import LEAST_SPREAD, Summary
from isthmus.wording import spell_count

NOTHING_LEARNED = 0.98
"""A squared error above this share of the mean image's is as good as that."""
OVERFIT_ERROR = 1.2
OVERFIT_NATS = 0.08
GAP_SHARE = 0.1
"""How much worse the best epoch was on validation than on training images, as a share of the loss's whole way."""
OUTLIER_DEVIATIONS = 6.0
"""A distortion this many (robust) standard deviations above the median belongs to an image that is unlike the rest."""
LEAST_FOR_OUTLIERS = 20
FEW_IMAGES = 1000


def behind_baseline(summary: Summary) -> Finding | None:
    """A model worse than PCA with as many dimensions; of a task, than the unchanged input."""
    baseline = summary.baseline
    if baseline is None or summary.mse is None or summary.psnr_db is None or not baseline.wins:
        return None
    measured = (
        f"{summary.psnr_db:.1f} dB (MSE {summary.mse:.2g}) against {baseline.psnr_db:.1f} dB (MSE {baseline.mse:.2g})"
    )
    if summary.restores:
        return Finding(
            "behind_baseline",
            "fault",
            "Worse than the unchanged input",
            f"Predictions are further from their targets than the inputs are: {measured}.",
        )
    return Finding(
        "behind_baseline",
        "fault",
        "Worse than PCA",
        f"Reconstructions are worse than those of PCA with {baseline.dim} dimensions, fitted to {baseline.fitted_on:,} "
        f"training images: {measured}.",
    )


def learned_nothing(summary: Summary) -> Finding | None:
    """A model no better than the mean image."""
    baseline, training = summary.mean_image, summary.recipe.training
    if baseline is None or summary.mse is None or summary.mse < NOTHING_LEARNED * baseline.mse:
        return None
    return Finding(
        "learned_nothing",
        "fault",
        "No better than the mean image",
        f"Its squared error is {summary.mse:.3g}; that of the mean image, which is the same for every input, is "
        f"{baseline.mse:.3g}.",
        "Try a tenth of the learning rate.",
        {"training.learning_rate": float(f"{training.learning_rate / 10:.2g}")},
    )


def overfit(summary: Summary) -> Finding | None:
    """A model that does better on its training images than on others."""
    evidence = _gap(summary)
    if not evidence:
        return None
    if summary.recipe.training.validation_fraction > 0.0:
        return Finding("overfit", "fault", "It overfits", f"{evidence} More training images help most.")
    return Finding(
        "overfit",
        "fault",
        "It overfits",
        evidence,
        "More training images help most. Without them, keep the epoch that is best on validation images.",
        {"training.validation_fraction": 0.1},
    )


def _gap(summary: Summary) -> str:
    """How much worse other images are than training images; nothing where they are not."""
    if summary.train_loss is None or summary.train_mse is None or summary.test_loss is None or summary.mse is None:
        return _gap_of_history(summary)
    gap = summary.test_loss.mean - summary.train_loss.mean
    error = (summary.test_loss.standard_error**2 + summary.train_loss.standard_error**2) ** 0.5
    ratio = summary.mse / summary.train_mse if summary.train_mse > 0.0 else float("inf")
    worth = float("inf") if summary.code_worth is None else summary.code_worth
    if not gap > LEAST_SPREAD * error or not (ratio > OVERFIT_ERROR or gap > OVERFIT_NATS * worth):
        return ""
    return (
        f"Held-out images cost {gap:.1f} ± {error:.1f} nats more than the {summary.train_images:,} training images, "
        f"and their squared error is {ratio:.2f} times as large."
    )


def _gap_of_history(summary: Summary) -> str:
    history, best = summary.progress.history, summary.progress.best_epoch
    if not {"loss", "val_loss"} <= history.keys() or not 1 <= best <= len(history["val_loss"]):
        return ""
    # The rate's weight may have been growing during training; the distortion means the same all along.
    key = "distortion" if {"distortion", "val_distortion"} <= history.keys() else "loss"
    gap = float(history[f"val_{key}"][best - 1] - history[key][best - 1])
    values = history["val_loss"]
    way = float(np.nanmax(values) - np.nanmin(values))
    if len(values) < 3 or not 0.0 < GAP_SHARE * way < gap:
        return ""
    return f"In its best epoch the {key} was {gap:.1f} nats higher on validation images than on training images."


def outliers(summary: Summary) -> Finding | None:
    """Images that are far worse reconstructed than the rest."""
    values = summary.distortion
    if values is None or len(values) < LEAST_FOR_OUTLIERS:
        return None
    median = float(np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(values - median)))
    odd = np.flatnonzero(values > median + OUTLIER_DEVIATIONS * deviation)
    if deviation <= 0 or len(odd) == 0:
        return None
    worst = odd[np.argsort(-values[odd])]
    named = ", ".join(summary.names[index] for index in worst[:5]) if len(summary.names) == len(values) else ""
    return Finding(
        "outliers",
        "remark",
        f"{spell_count(len(odd), 'image')} unlike the rest",
        f"Far worse reconstructed than most{': ' + named if named else ''}{' and others' if len(odd) > 5 else ''}. "
        "A fault in the data would show here first: look whether such images belong.",
    )


def parts_missing(summary: Summary) -> Finding | None:
    """Data without test or validation images."""
    if summary.validation_images and summary.test_images:
        return None
    if not summary.validation_images and not summary.test_images:
        text = "No image was held out, so nothing here says how the model does on new images."
    elif summary.test_images:
        text = "The best epoch was chosen by the training loss: there are no validation images."
    else:
        text = (
            "There are no test images: the metrics are of the validation images, which also chose the best epoch, so "
            "they are slightly too good."
        )
    return Finding("parts_missing", "remark", "No images for every purpose", text)


def few_images(summary: Summary) -> Finding | None:
    """Few training images."""
    if summary.train_images >= FEW_IMAGES:
        return None
    return Finding(
        "few_images",
        "remark",
        spell_count(summary.train_images, "training image"),
        f"That is few: expect {'' if summary.restores else 'blurred samples, and '}metrics that change with the seed.",
    )
