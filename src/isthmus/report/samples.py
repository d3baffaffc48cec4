"""New images of a run, as elements of a page."""

import math

import numpy as np

from isthmus import plots
from isthmus.errors import UsageError
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.representation import neighbour_accuracy
from isthmus.plots.display import as_displayed, false_colour
from isthmus.plots.sheets import thumbnails
from isthmus.report.elements import inline_figure
from isthmus.report.page import Panel
from isthmus.runs import Run

SAMPLES = 64
MOST_CLASSES, CLASSIFIED = 12, 2_000
"""Classes that are sampled, and codes that are classified, at most."""


def samples(run: Run, measured: Measurements | None = None) -> list[Panel]:
    """Draw new images, and a row for each class if latent codes tell classes apart.

    Args:
        run: The run.
        measured: Its images, to see whether they do; without, they are taken to.
    """
    seed = run.recipe.training.seed
    images = thumbnails(as_displayed(run.sample(SAMPLES, seed=seed)))
    rule = false_colour(run.image.channels)
    origin = "the prior" if run.latent.has_rate else "the distribution that was fitted to the training codes"
    panels = [
        inline_figure(
            lambda theme: plots.samples(images, theme=theme),
            "samples",
            f"{SAMPLES} new images from the model.",
            title="At random",
            caption=f"Decoded from codes drawn from {origin}; none was chosen by hand."
            f"{' The classes alternate.' if run.is_conditional else ''}{f' Only {rule}.' if rule else ''}",
        )
    ]
    labels = _sampled_labels(run)
    if len(labels) < 2 or not (run.is_conditional or _tells_classes(measured)):
        return panels
    each = int(np.clip(2 * len(labels), 5, 10))
    by_class = np.concatenate([run.sample(each, run.class_names[label], seed) for label in labels])
    by_class = thumbnails(as_displayed(by_class))
    rest = len(run.class_names) - len(labels)
    more = f" {rest} more classes are not shown." if rest else ""
    source = "From the distribution that was fitted to the latent codes of each class."
    if run.is_conditional:
        source = "The model was given the class."
    panel = inline_figure(
        lambda theme: plots.samples(
            by_class, np.repeat(labels, each), class_names=run.class_names, columns=each, theme=theme
        ),
        "samples-by-class",
        f"{each} new images of each of {len(labels)} classes.",
        title="Class by class",
        caption=f"{source}{more}",
    )
    return [*panels, panel]


def _tells_classes(measured: Measurements | None) -> bool:
    """Whether latent codes tell classes apart better than chance, as far as labelled images show."""
    if measured is None or measured.test.labels is None:
        return True
    codes, labels = measured.codes.mean[:CLASSIFIED], measured.test.labels[:CLASSIFIED]
    half = len(labels) // 2
    if half == 0:
        return True
    chance = float(np.bincount(labels[half:]).max()) / len(labels[half:])
    error = math.sqrt(chance * (1 - chance) / len(labels[half:]))
    return neighbour_accuracy(codes[:half], labels[:half], codes[half:], labels[half:]) > chance + 2 * error


def _sampled_labels(run: Run) -> list[int]:
    """The classes that can be sampled: those of some training image."""
    labels = []
    for label, name in enumerate(run.class_names):
        try:
            run.sample_codes(1, name)
        except UsageError:
            continue
        labels.append(label)
        if len(labels) == MOST_CLASSES:
            break
    return labels
