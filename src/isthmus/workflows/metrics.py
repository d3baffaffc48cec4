"""The first metrics of a run, measured on held-out images."""

import json
import math
from typing import Any

from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.reconstruction import psnr
from isthmus.units import Estimate


def first_metrics(measured: Measurements, split: str) -> dict[str, Any]:
    """The mean scores of held-out images, each metric with its standard error.

    PSNR comes first for grey and colour images, nats per image for a Bernoulli likelihood.

    Args:
        measured: The run and its images.
        split: Which these are; training images have no metrics here.
    """
    if split == "training":
        return {"split": None}
    run, scores = measured.run, measured.scores
    metrics: dict[str, Any] = {"split": split, "images": len(measured.test)}
    columns = {}
    if not run.recipe.likelihood.of_classes:
        columns = {"psnr_db": psnr(scores.squared_error), "mse": scores.squared_error}
    nats = {"distortion_nats": scores.distortion}
    if run.latent.has_rate:
        nats["rate_nats"] = scores.rate
        if run.recipe.is_likelihood:
            nats["elbo_nats"] = scores.elbo
        else:  # the same sum, but no bound on anything's probability
            nats["loss_nats"] = -scores.elbo
    # Nats say most of black-and-white pixels, decibels of grey and colour.
    ordered = {**nats, **columns} if run.recipe.likelihood.of_binary else {**columns, **nats}
    for name, values in ordered.items():
        estimate = Estimate.of(values)
        error = estimate.standard_error
        metrics[name] = {"mean": estimate.mean, "standard_error": None if math.isnan(error) else error}
    return metrics


def to_json(metrics: dict[str, Any]) -> str:
    """Text for `metrics.json`."""
    return json.dumps(metrics, indent=2) + "\n"
