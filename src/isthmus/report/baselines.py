"""The model beside its baselines, on the same images."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from isthmus.data import chosen_batch, spread
from isthmus.evaluation.diagnosis import BaselineResult, Diagnosis
from isthmus.plots.checks import Images
from isthmus.plots.display import as_displayed, as_prediction
from isthmus.plots.sheets import thumbnails
from isthmus.report.elements import inline_image
from isthmus.report.page import BaselineTable, ModelRow
from isthmus.scores import as_pixels
from isthmus.wording import spell_count

COMPARED = 8
"""Images that are shown."""
SIDE = 96
"""The pixels that an image is shown with, at most, along its longer side."""


def compare_with_baselines(diagnosis: Diagnosis) -> BaselineTable | None:
    """Set the model beside its baselines: metrics, and predictions for the same images; None without images."""
    summary, measured = diagnosis.summary, diagnosis.measured
    if summary.mse is None or summary.psnr_db is None or measured is None:
        return None
    run, source = measured.run, measured.test
    recipe, shown = run.recipe, spread(len(source), COMPARED)
    images = source.read(shown)
    batch = chosen_batch(source, shown, recipe)
    target = as_prediction(recipe, batch.input, batch.target)
    output = as_prediction(recipe, batch.input, run.reconstruct(batch.input, labels=batch.condition))
    rows = [
        ModelRow("Target" if run.restores else "Image", "", "", _strip(target, "An image")),
        _row("This model", summary.psnr_db, summary.mse, _strip(output, "The model's prediction")),
    ]

    def add(name: str, baseline: BaselineResult, shown: Sequence[Markup]) -> None:
        rows.append(_row(name, baseline.psnr_db, baseline.mse, shown))

    pca, note = measured.pca, ""
    if summary.pca is not None and pca is not None:
        made = as_displayed(pca.reconstruct(as_pixels(images, recipe.pixels)))
        add(f"PCA, {spell_count(summary.pca.dim, 'dimension')}", summary.pca, _strip(made, "PCA's reconstruction"))
        note = f" PCA and the mean image are fitted to {spell_count(summary.pca.fitted_on, 'training image')}."
    if summary.mean_image is not None:
        mean = [] if pca is None else _strip(as_displayed(pca.mean_of(1)), "The mean image")
        add("Mean image", summary.mean_image, mean)
    if summary.unchanged is not None:
        visible = as_displayed(run.task.visible(np.asarray(batch.input)))
        add("Unchanged input", summary.unchanged, _strip(visible, "The input"))
    note = f"Means over {spell_count(len(source), 'held-out image')}; higher PSNR and lower MSE are better.{note}"
    return BaselineTable(rows, note)


def _row(name: str, psnr_db: float, mse: float, images: Sequence[Markup]) -> ModelRow:
    return ModelRow(name, f"{psnr_db:.1f} dB", f"{mse:.2g}", images)


def _strip(images: Images, alt: str) -> list[Markup]:
    return [inline_image(image, alt, side=SIDE) for image in thumbnails(images, SIDE)]
