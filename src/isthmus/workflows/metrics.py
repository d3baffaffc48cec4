"""The first metrics of a run, measured on held-out images."""

import json
import math
from typing import Any

from isthmus.data import content_order, select
from isthmus.evaluation.reconstruction import psnr
from isthmus.runs import Run
from isthmus.scores import score
from isthmus.units import Estimate
from isthmus.workflows.datasets import TrainingData


def measure(run: Run, prepared: TrainingData) -> dict[str, Any]:
    """Score the test images, or else the validation images, each metric with its standard error.

    PSNR comes first for grey and colour images, nats per image for a Bernoulli likelihood.
    """
    source, split = (prepared.test, "test") if prepared.test is not None else (prepared.validation, "validation")
    if source is None:
        return {"split": None}
    source = select(source, content_order(source, prepared.recipe.training.seed))
    scores = score(run, source, prepared.recipe.training.seed)
    figures: dict[str, Any] = {"split": split, "images": len(source)}
    columns = {}
    if prepared.recipe.likelihood.kind != "categorical":  # the numbers of classes are no brightness
        columns = {"psnr_db": psnr(scores.squared_error), "mse": scores.squared_error}
    nats = {"distortion_nats": scores.distortion}
    if run.latent.has_rate:
        nats["rate_nats"] = scores.rate
        if prepared.recipe.is_likelihood:
            nats["elbo_nats"] = scores.elbo
        else:  # the same sum, but no bound on anything's probability
            nats["loss_nats"] = -scores.elbo
    # Nats say most of black-and-white pixels, decibels of grey and colour.
    ordered = {**nats, **columns} if prepared.recipe.likelihood.kind == "bernoulli" else {**columns, **nats}
    for name, values in ordered.items():
        estimate = Estimate.of(values)
        error = estimate.standard_error
        figures[name] = {"mean": estimate.mean, "standard_error": None if math.isnan(error) else error}
    return figures


def to_json(figures: dict[str, Any]) -> str:
    """Text for `metrics.json`."""
    return json.dumps(figures, indent=2) + "\n"
