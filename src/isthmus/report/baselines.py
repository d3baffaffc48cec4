"""The model beside its baselines, on the same images, for a report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from isthmus.data import make_batch, spread
from isthmus.evaluation.diagnosis import Baseline
from isthmus.plots.checks import Images
from isthmus.plots.display import as_answer, as_displayed
from isthmus.report import Comparison, Row, inline_image, thumbnails
from isthmus.scores import as_pixels
from isthmus.wording import spell_count

if TYPE_CHECKING:
    from isthmus.workflows.examination import Examination

COMPARED = 8
"""Images that are shown."""
SIDE = 96
"""The pixels that an image is shown with, at most, along its longer side."""


def compare_with_baselines(examined: "Examination") -> Comparison | None:
    """Set the model beside what it has to beat: metrics, and the same images by each; None without held-out images."""
    signs, material = examined.signs, examined.material
    if signs.mse is None or signs.psnr_db is None or material is None:
        return None
    run, source = material.run, material.test
    chosen = spread(len(source), COMPARED)
    images = source.read(chosen)
    batch = make_batch(images, run.recipe.task, run.recipe.training.seed)
    rows = [
        Row(
            "Target" if run.restores else "Image",
            "",
            "",
            _strip(as_answer(run.recipe, batch.input, batch.target), "An image"),
        ),
        Row(
            "This model",
            f"{signs.psnr_db:.1f} dB",
            f"{signs.mse:.2g}",
            _strip(as_answer(run.recipe, batch.input, run.reconstruct(batch.input)), "What the model makes of it"),
        ),
    ]
    if signs.pca is not None and material.pca is not None:
        pixels = as_pixels(images, run.recipe.pixels)
        made = _strip(as_displayed(material.pca.reconstruct(pixels)), "What PCA makes of it")
        rows.append(_row(f"PCA, {spell_count(signs.pca.dim, 'dimension')}", signs.pca, made))
    if signs.mean_image is not None:
        mean = [] if material.pca is None else _strip(as_displayed(material.pca.mean_of(1)), "The mean image")
        rows.append(_row("Mean image", signs.mean_image, mean))
    if signs.unchanged is not None:
        shown = run.task.visible(np.asarray(batch.input))
        rows.append(_row("Unchanged input", signs.unchanged, _strip(as_displayed(shown), "The input")))
    fitted = f" PCA and the mean image are fitted to {signs.pca.fitted_on:,} training images." if signs.pca else ""
    return Comparison(
        rows, f"Means over {len(source):,} held-out images; higher PSNR and lower MSE are better.{fitted}"
    )


def _row(name: str, baseline: Baseline, images: Sequence[Markup]) -> Row:
    return Row(name, f"{baseline.psnr_db:.1f} dB", f"{baseline.mse:.2g}", images)


def _strip(images: Images, text: str) -> list[Markup]:
    return [inline_image(image, text, side=SIDE).html for image in thumbnails(images, SIDE)]
