"""The page of a run, assembled from its files and its images."""

from collections.abc import Sequence
from importlib.metadata import version

from isthmus.data.locations import DataLocation
from isthmus.evaluation.diagnosis import Diagnosis, Finding, give_verdict, settle
from isthmus.evaluation.equal_size import EqualSize
from isthmus.evaluation.measurements import Measurements
from isthmus.plots.training_film import read_frames
from isthmus.report import summary
from isthmus.report.baselines import compare_with_baselines
from isthmus.report.commands import next_steps, remedy_command
from isthmus.report.evaluation import read_results
from isthmus.report.examples import predictions, reconstructions, round_trip
from isthmus.report.image_quality import image_quality
from isthmus.report.key_metrics import codebook_metrics, key_metrics
from isthmus.report.latent_space import latent_space
from isthmus.report.page import Command, ExampleSection, Page
from isthmus.report.samples import samples
from isthmus.report.tables import provenance_tables, recipe_table
from isthmus.report.training_history import curves, film
from isthmus.runs import Run, folder
from isthmus.runs.history import recorded_history


def assemble(
    run: Run,
    diagnosis: Diagnosis,
    *,
    location: DataLocation | None = None,
    missing: str = "",
    equal_size: EqualSize | None = None,
) -> Page:
    """Assemble the page of a run.

    Args:
        run: The run.
        diagnosis: Its diagnosis; without measurements on images, the parts that need them are left out.
        location: Where this machine remembers the data of the run, to name it in commands; by default by its name.
        missing: Why there are no images.
        equal_size: Its reconstructions beside PCA and image formats, if the images are photographs.

    Raises:
        RunError: If a file of the run is damaged.
    """
    manifest, recipe, measured = run.manifest, run.recipe, diagnosis.measured
    rebuilt = None if run.restores else measured
    metrics = folder.read_metrics(run.path, manifest)
    results = read_results(run)
    findings = settle([*diagnosis.findings, *(() if results is None else results.findings)])
    recommended = _recommended(run, findings, results is not None, location or DataLocation(manifest.data.name))
    history = recorded_history(run.path, manifest)
    return Page(
        title=f"{recipe.name} on {manifest.data.name}",
        state=manifest.state,
        story=summary.story_of(manifest, recipe),
        facts=summary.facts_of(manifest, recipe),
        verdict=give_verdict(diagnosis.summary, findings),
        baselines=compare_with_baselines(diagnosis),
        recommended=recommended,
        round_trip=None if rebuilt is None else round_trip(run, rebuilt),
        metrics=[
            *key_metrics(metrics, recipe, run.image.dims, None if rebuilt is None else rebuilt.pixel_variance),
            *codebook_metrics(None if rebuilt is None else rebuilt.codebook_use),
        ],
        metrics_note=summary.measured_on(metrics, manifest),
        findings=findings,
        quality=None if equal_size is None else image_quality(equal_size),
        curves=curves(run, history) if history else [],
        film=film(run, read_frames(run.path / folder.PICTURES)),
        examples=None if measured is None else _examples(measured),
        missing=missing,
        samples=[] if run.restores else samples(run, rebuilt),
        latent_space=latent_space(run, rebuilt),
        evaluation=results,
        commands=[step for step in next_steps(run) if step.text != recommended.text],
        provenance=provenance_tables(manifest, recipe),
        recipe=recipe_table(recipe),
        version=f"isthmus {version('isthmus')}",
    )


def _examples(measured: Measurements) -> ExampleSection:
    run = measured.run
    return predictions(run, measured.test, measured.what) if run.restores else reconstructions(run, measured)


def _recommended(run: Run, findings: Sequence[Finding], evaluated: bool, location: DataLocation) -> Command:
    """The one command to run next: what tries the first remedy, or else what suits a healthy run."""
    for finding in findings:
        if command := remedy_command(finding, location.data, run.recipe, str(run.path), location.targets):
            return Command(finding.remedy, command)
    steps = next_steps(run)
    return steps[0] if evaluated else next(step for step in steps if " evaluate " in step.text)
