"""The report of a run: gather what is known of it, have it drawn, and write one page."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus import report
from isthmus.data import Data
from isthmus.errors import DataError, UsageError
from isthmus.evaluation.diagnosis import Finding, give_verdict, settle
from isthmus.plots.of_run import tells_of
from isthmus.plots.training_film import read_frames
from isthmus.recipes import Recipe
from isthmus.report import examples
from isthmus.report.baselines import compare_with_baselines
from isthmus.report.evaluation import read_evaluated
from isthmus.report.latent_space import latent_pictures
from isthmus.report.next_steps import next_steps
from isthmus.runs import Run, folder
from isthmus.runs.history import read_history
from isthmus.runs.manifest import Manifest
from isthmus.storage import require_free, write_text
from isthmus.wording import spell_seconds
from isthmus.workflows.datasets import HeldOut, open_held_out
from isthmus.workflows.examination import Examination, examine
from isthmus.workflows.seeing import Seen, look


def write_report(
    run: Run,
    data: Data | None = None,
    out: Path | None = None,
    images: HeldOut | None = None,
    examined: Examination | None = None,
) -> Path:
    """Write a run's report: one HTML page that needs nothing else.

    Args:
        run: The run.
        data: Where its images are now, or others; by default its own test images.  Where those cannot be found, the
            page does without and says so.
        out: Where to; must not exist.  By default `report.html` in the run, where an older one is replaced.
        images: The images themselves, where the caller has them open.
        examined: The examination on them, where the caller has made it.

    Raises:
        UsageError: If `out` exists or is no `.html`, or there is no such data.
        DataError: If `data` holds images of another shape.
        RunError: If a file of the run is damaged.
        StorageError: If the page cannot be written.
    """
    if out is not None:
        if out.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"expected --out to end in .html; got {out.name!r}")
        require_free(out)
    place = out or run.path / folder.REPORT
    write_text(place, report.render(describe(run, data, images, examined)))
    return place


def describe(
    run: Run, data: Data | None = None, images: HeldOut | None = None, examined: Examination | None = None
) -> report.Page:
    """Gather the parts of a run's report; see `write_report` for what it takes and raises."""
    seen, found, missing = None, images, ""
    try:
        found = images or open_held_out(run, data, training_too=True)
        seen = None if run.restores else look(run, found)
    except DataError as error:
        if data is not None:
            raise
        missing = f"{str(error)[:1].upper()}{str(error)[1:]}"
    tells, unit = (None, "nats") if seen is None else tells_of(run, seen.posterior)
    columns = _history(run)
    metrics = folder.read_metrics(run.path, run.manifest)
    evaluated = read_evaluated(run)
    groups, groups_note = _examples(run, seen, found)
    film, film_size = examples.film(run, read_frames(run.path / folder.PICTURES))
    manifest, recipe = run.manifest, run.recipe
    examined = examined or examine(run, found)
    findings = settle([*examined.findings, *(() if evaluated is None else evaluated.findings)])
    verdict = give_verdict(examined.signs, findings)
    recommended = _recommended(run, findings, evaluated is not None)
    return report.Page(
        title=f"{recipe.name} on {manifest.data.name}",
        state=manifest.state,
        kind=kind_of(recipe),
        story=story_of(manifest, recipe),
        facts=_facts(manifest, recipe),
        verdict=report.Verdict(verdict.tone, verdict.text, compare_with_baselines(examined), recommended),
        hero=None if seen is None else examples.hero(run, seen),
        figures=report.key_figures(metrics, recipe, run.image.dims, None if seen is None else seen.pixel_variance),
        figures_note=_measured_on(metrics, manifest),
        findings=findings,
        curves=examples.curves(run, columns) if columns else [],
        film=film,
        film_size=film_size,
        film_caption=(
            "The same images before training and after each epoch"
            + (", each decoded from a draw of its posterior." if run.latent.has_rate else ", decoded from their codes.")
        ),
        groups=groups,
        groups_title="Answers" if run.restores else "Reconstructions",
        groups_note=groups_note,
        missing=missing,
        samples=[] if run.restores else examples.samples(run, seen),
        latent=latent_pictures(run, seen, tells, unit),
        evaluation=() if evaluated is None else evaluated.tables,
        evaluation_note="" if evaluated is None else evaluated.note,
        commands=[step for step in next_steps(run) if step.text != recommended.text],
        provenance=report.provenance_tables(manifest, recipe),
        recipe=report.recipe_table(recipe),
        made=f"isthmus {version('isthmus')}",
    )


def kind_of(recipe: Recipe) -> str:
    """What kind of model a recipe describes, in words."""
    kind = "variational autoencoder" if recipe.latent.kind == "gaussian" else "autoencoder"
    network = {
        "dense": "dense",
        "conv": "convolutional",
        "upsample": "convolutional",
        "unet": "U-shaped convolutional",
        "own": "hand-built",
    }
    return f"{network[recipe.network.kind]} {kind}"


def story_of(manifest: Manifest, recipe: Recipe) -> str:
    """Sentences that say what was trained on what, where and for how long."""
    images, data, training = manifest.images, manifest.data, manifest.training
    colour = {1: "grey", 3: "colour", 4: "transparent"}.get(images.channels, f"{images.channels}-channel")
    numbers = "one number" if recipe.latent.dim == 1 else f"{recipe.latent.dim:,} numbers"
    purpose = (
        f"that writes each image of {images.spec.dims:,} numbers down in {numbers}, and draws it again from those"
        if not recipe.task.restores
        else _PURPOSES[recipe.task.kind]
    )
    text = (
        f"A {kind_of(recipe)} {purpose}. It learned from {data.train_images:,} {colour} images of "
        f"{images.width}×{images.height} pixels"
    )
    if training is None:
        return f"{text}."
    day = report.spell_day(training.started)
    epochs = "one epoch" if training.epochs == 1 else f"{training.epochs:,} epochs"
    return f"{text}: {epochs} in {spell_seconds(training.seconds)}{f', on {day}' if day else ''}."


_PURPOSES = {
    "denoise": "that takes noise out of pictures",
    "colourise": "that gives grey pictures colours",
    "inpaint": "that fills in what is missing of pictures",
    "super-resolve": "that makes small pictures large",
    "deblur": "that makes blurred pictures sharp",
    "segment": "that says of each pixel what it shows",
    "pairs": "that makes of one picture another, as its pairs show",
}


def _facts(manifest: Manifest, recipe: Recipe) -> list[tuple[str, str]]:
    training, data = manifest.training, manifest.data
    facts = [("Recipe", recipe.name), ("Images", f"{data.name}, {data.train_images:,} to learn from")]
    if training is not None:
        facts += [
            ("Epochs", f"{training.epochs:,} of {recipe.training.epochs:,}, best {training.best_epoch}"),
            ("Time", spell_seconds(training.seconds)),
            ("Machine", training.machine),
            ("Computed on", f"{training.backend}, {training.device}"),
        ]
    return facts


def _measured_on(metrics: Mapping[str, Any], manifest: Manifest) -> str:
    split, images = metrics.get("split"), metrics.get("images")
    if not split or not isinstance(images, int):
        return "No image was kept aside, so there is nothing to measure on."
    errors = "± is the standard error of the mean over these images."
    return f"Measured on the {images:,} {split} images of {manifest.data.name}, which were held out. {errors}"


def _examples(run: Run, seen: Seen | None, found: HeldOut | None) -> tuple[list[report.Group], str]:
    """Images with what the run makes of them, and what to see in them."""
    if run.restores and found is not None:
        note = f"Of {len(found.images):,} {found.what}. In each row: what is shown, the answer, and the truth."
        return examples.answers(run, found.images), note
    if seen is None:
        return [], ""
    groups, full = examples.groups(run, seen)
    return groups, _differences(run, seen, full)


def _differences(run: Run, seen: Seen, full: int) -> str:
    colour = run.image.channels >= 3
    meaning = "orange by how far it is off" if colour else "blue where it is too dark, orange where it is too bright"
    draw = (
        " The nats are those of one draw of the posterior, the picture is that of its mean."
        if run.latent.has_rate
        else ""
    )
    return (
        f"Out of {len(seen.source):,} {seen.what}, by distortion. In each row: the image as the model takes it, its "
        f"reconstruction, and the difference, {meaning}; full colour from {full} of 255 on.{draw}"
    )


def _recommended(run: Run, findings: Sequence[Finding], evaluated: bool) -> report.Command:
    """The one command to run next: what tries the first remedy, or else what suits a healthy run."""
    for finding in findings:
        if command := report.remedy_command(finding, run.manifest.data.name, run.recipe, str(run.path)):
            return report.Command(finding.remedy, command)
    steps = next_steps(run)
    return steps[0] if evaluated else next(step for step in steps if " evaluate " in step.text)


def _history(run: Run) -> dict[str, NDArray[np.float64]]:
    """The loss curves; none where training ended within its first epoch."""
    if folder.HISTORY not in run.manifest.files:
        return {}
    return read_history(run.path, run.manifest)
