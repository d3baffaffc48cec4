"""`isthmus evaluate` and `isthmus compare`: metrics of one run, and of several on the same images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.console import print_json, print_table, say
from isthmus.cli.options import AsJson, RunPath, Seed, option
from isthmus.wording import spell_count

if TYPE_CHECKING:
    from isthmus.evaluation.result import Evaluation
    from isthmus.evaluation.table import Section
    from isthmus.runs import Run

DataOption = Annotated[
    str | None,
    typer.Argument(metavar="DATA", help="Images to evaluate on; the held-out images of the run's own data by default."),
]
Draws = Annotated[
    int,
    option(
        "K",
        "Posterior draws per image for the likelihood bound; more draws make it tighter.",
        "--importance-samples",
        min=1,
    ),
]

Targets = Annotated[
    str | None, option("FOLDER", "The targets (masks or paired images), for a run trained with --targets.")
]


def evaluate(
    run: RunPath,
    data: DataOption = None,
    importance_samples: Draws = 50,
    parts: Annotated[
        str | None,
        option(
            "PART,PART",
            "Parts to measure: likelihood, reconstruction, latent, representation, disentanglement, samples or "
            "diagnosis; all by default.",
        ),
    ] = None,
    targets: Targets = None,
    strength: Annotated[
        float | None, option("S", "Strength of the corruption (noise, holes or blur), for a run that restores images.")
    ] = None,
    seed: Seed = 0,
    thorough: Annotated[
        bool,
        option(None, "Also measure the amortisation gap; takes minutes and needs a training framework.", "--thorough"),
    ] = False,
    trust: Annotated[
        bool,
        option(None, "With --thorough, load the run's custom network, which may execute arbitrary code.", "--trust"),
    ] = False,
    fresh: Annotated[bool, option(None, "Measure again, even if nothing has changed.", "--fresh")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how good a run is, with standard errors, and diagnose what is wrong with it.

    A run that restores images is compared with baselines that need no training.

    Each part is printed and stored in the run as soon as it is measured. Ctrl-C loses only the part in progress: the
    same command continues there. What is stored is measured again only when the run or the images have changed.

    Examples:

      isthmus evaluate runs/digits

      isthmus evaluate runs/digits digits:train --importance-samples 1000 --parts likelihood
    """
    from isthmus.runs import load
    from isthmus.workflows.evaluation import PARTS, EvaluationRequest
    from isthmus.workflows.evaluation import evaluate as run_evaluation

    opened = load(run)
    chosen = tuple(part.strip() for part in parts.split(",")) if parts else PARTS
    request = EvaluationRequest(importance_samples, seed, chosen, thorough, trust, fresh, targets, strength)
    found = run_evaluation(opened, data, request, None if as_json else _Printer(opened).print_part)
    if as_json:
        print_json(found.to_json())


class _Printer:
    """Prints parts as they are measured, below a line that names run and images."""

    def __init__(self, run: "Run") -> None:
        self._run, self._begun = run, False

    def print_part(self, part: "Evaluation") -> None:
        """Print an evaluation of one part."""
        if not self._begun:
            say(f"{part.run}: {part.recipe} on {spell_count(part.images, 'image')} of {part.data} ({part.split})")
            if part.overlap:
                say(part.overlap)
            self._begun = True
        (provenance,) = part.provenance.values()
        origin = f" ({provenance.note})" if provenance.note else ""
        for section in part.sections:
            _print_section(section, origin)
        if part.findings is not None:
            _print_diagnosis(part, origin, self._run)


def _print_section(section: "Section", origin: str) -> None:
    from isthmus.evaluation.result import format_value

    if not section.rows and not section.note:
        return
    say(f"\n{section.title}{origin}")
    if section.note:
        say(section.note)
    if section.rows:
        rows = [(row.name, format_value(row.value, row.standard_error, row.unit), row.meaning) for row in section.rows]
        print_table(("metric", "value", "what it means"), rows)


def _print_diagnosis(part: "Evaluation", origin: str, run: "Run") -> None:
    from isthmus.report import remedy_command
    from isthmus.workflows.provenance import location_of

    place = location_of(run.manifest.data)
    data, targets = (run.manifest.data.name, None) if place is None else (place.data, place.targets)
    say(f"\nDiagnosis{origin}")
    if part.verdict is not None:
        say(f"Verdict: {part.verdict.text}")
    for finding in part.findings or ():
        say(f"- {finding.title}. {finding.evidence}")
        if finding.remedy:
            command = remedy_command(finding, data, run.recipe, str(run.path), targets)
            say(f"  {finding.remedy}{f' Try: {command}' if command else ''}")
    if part.not_tested:
        say(f"Not tested: {part.not_tested}")


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Two or more runs; differences are from the first.")
    ],
    data: Annotated[str | None, option("DATA", "Images to compare on; the runs' own test images by default.")] = None,
    importance_samples: Draws = 50,
    targets: Targets = None,
    out: Annotated[Path | None, option("FILE.png", "Write images and each run's reconstructions of them.")] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare runs on the same images, with the standard error of each difference.

    Example:

      isthmus compare runs/digits runs/sixteen --out both.png
    """
    from isthmus.plots.display import false_colour
    from isthmus.plots.sheets import save
    from isthmus.progress import tell
    from isthmus.runs import load
    from isthmus.storage import require_free
    from isthmus.workflows.comparison import compare as run_comparison

    if out is not None:
        require_free(out)
    opened = [load(path) for path in runs]
    found = run_comparison(opened, data, importance_samples, seed, targets)
    if out is not None:
        save(found.sheet, out)
        if rule := false_colour(opened[0].target.channels):
            tell(f"{out}: {rule}")
    if as_json:
        print_json(found.to_json())
        return
    say(
        f"{spell_count(found.images, 'image')} of {found.data} ({found.split}); "
        f"differences from {found.runs[0]} are paired\n"
    )
    print_table(("metric", *found.runs, *(f"{name} - {found.runs[0]}" for name in found.runs[1:])), found.as_table())
    for note in found.notes:
        say(note)
