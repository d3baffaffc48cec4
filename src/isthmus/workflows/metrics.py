"""The first figures of a run, measured on images that it never learned from."""

import json
import math
from typing import Any

from isthmus.data import content_order, select
from isthmus.runs import Run
from isthmus.scores import score
from isthmus.units import Estimate
from isthmus.workflows.preparation import Prepared


def measure(run: Run, prepared: Prepared) -> dict[str, Any]:
    """Score the test images, or else the validation images: nats per image, each with its standard error."""
    source, split = (prepared.test, "test") if prepared.test is not None else (prepared.validation, "validation")
    if source is None:
        return {"split": None}
    source = select(source, content_order(source, prepared.recipe.training.seed))
    scores = score(run, source, prepared.recipe.training.seed)
    figures: dict[str, Any] = {"split": split, "images": len(source)}
    columns = {"distortion_nats": scores.distortion}
    if prepared.recipe.likelihood.kind != "categorical":  # the numbers of classes are no brightness
        columns["mse"] = scores.squared_error
    if run.latent.has_rate:
        columns["rate_nats"] = scores.rate
        if prepared.recipe.is_likelihood:
            columns["elbo_nats"] = scores.elbo
        else:  # the same sum, but no bound on anything's probability
            columns["loss_nats"] = -scores.elbo
    for name, values in columns.items():
        estimate = Estimate.of(values)
        error = estimate.standard_error
        figures[name] = {"mean": estimate.mean, "standard_error": None if math.isnan(error) else error}
    return figures


def to_json(figures: dict[str, Any]) -> str:
    """Text for `metrics.json`."""
    return json.dumps(figures, indent=2) + "\n"
