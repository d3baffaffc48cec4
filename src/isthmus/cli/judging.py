"""`isthmus evaluate` and `isthmus compare`: how good a model is, and which of several is better."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.console import print_json, print_table, say
from isthmus.cli.options import AsJson, RunPath, Seed

if TYPE_CHECKING:
    from isthmus.workflows.evaluation import Evaluation

DataOption = Annotated[
    str | None,
    typer.Argument(metavar="DATA", help="Images; by default those of the run's own data that it never learned from."),
]
Draws = Annotated[
    int,
    typer.Option(
        "--importance-samples",
        metavar="K",
        min=1,
        help="Draws of each image's posterior for the bound; more is tighter.",
    ),
]


def evaluate(
    run: RunPath,
    data: DataOption = None,
    importance_samples: Draws = 100,
    parts: Annotated[
        str | None,
        typer.Option(
            metavar="PART,PART",
            help="Some of likelihood, reconstruction, latent, representation, disentanglement, samples and diagnosis.",
        ),
    ] = None,
    targets: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="The masks or pairs' others, of a run that was trained with --targets."),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(metavar="S", help="How hard to make the task of a run that restores: noise, holes or blur."),
    ] = None,
    seed: Seed = 0,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load the run's own Keras network, to test the encoder.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure anew, even where nothing changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say how good a run is, in figures with their errors, and what is wrong with it, in words.

    A run that restores pictures is set beside methods that need no learning.

    What was found is kept in the run, and measured anew only when something that it rests on has changed.

    Examples:

      isthmus evaluate runs/digits

      isthmus evaluate runs/digits digits:train --importance-samples 1000 --parts likelihood
    """
    from isthmus.runs import load
    from isthmus.workflows.evaluation import PARTS
    from isthmus.workflows.evaluation import evaluate as run_evaluation

    chosen = tuple(part.strip() for part in parts.split(",")) if parts else PARTS
    found = run_evaluation(
        load(run),
        data,
        importance_samples,
        seed,
        chosen,
        trust=trust,
        fresh=fresh,
        targets=targets,
        strength=strength,
    )
    if as_json:
        print_json(found.to_json())
    else:
        _tell(found)


def _tell(found: "Evaluation") -> None:
    from isthmus.workflows.evaluation import format_value

    say(f"{found.run}: {found.recipe} on {found.images:,} images of {found.data} ({found.split})")
    for section in found.sections:
        if not section.rows and not section.note:
            continue
        say(f"\n{section.title}")
        if section.note:
            say(section.note)
        if section.rows:
            rows = [
                (row.name, format_value(row.value, row.standard_error, row.unit), row.meaning) for row in section.rows
            ]
            print_table(("figure", "value", "what it means"), rows)
    if found.findings is None:
        return
    say("\nDiagnosis")
    for finding in found.findings:
        say(f"- {finding.title}. {finding.evidence}")
        say(f"  {finding.remedy}{f' Try: {finding.flags}' if finding.flags else ''}")
    if not found.findings:
        say("Nothing is wrong that these tests would find.")
    if found.not_tested:
        say(f"Not tested: {found.not_tested}")


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Two runs or more; differences are from the first.")
    ],
    data: Annotated[
        str | None, typer.Option(metavar="DATA", help="Images; by default the runs' own test images.")
    ] = None,
    importance_samples: Draws = 100,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Write images and each run's reconstructions of them.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Set runs side by side on the same images, and say how sure each difference is.

    Example:

      isthmus compare runs/digits runs/sixteen --picture both.png
    """
    from isthmus.pictures.sheets import save
    from isthmus.runs import load
    from isthmus.storage import require_free
    from isthmus.workflows.comparison import compare as run_comparison

    if picture is not None:
        require_free(picture)
    found = run_comparison([load(path) for path in runs], data, importance_samples, seed)
    if picture is not None:
        save(found.sheet, picture)
    if as_json:
        print_json(found.to_json())
        return
    say(f"{found.images:,} images of {found.data} ({found.split}); differences from {found.runs[0]} are paired\n")
    print_table(("figure", *found.runs, *(f"{name} - {found.runs[0]}" for name in found.runs[1:])), found.as_table())
    for note in found.notes:
        say(note)
