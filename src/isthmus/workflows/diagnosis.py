"""A quick diagnosis of a run on held-out images, for the end of a training and for the report."""

from isthmus.evaluation.diagnosis import Diagnosis
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.summaries import quick_summary, task_summary, training_summary
from isthmus.report import remedy_command
from isthmus.runs import Run
from isthmus.workflows.datasets import HeldOut


def measure(run: Run, held: HeldOut) -> Measurements:
    """Prepare the measurements of a run on held-out images, by the seed of its training; each is made when needed."""
    return Measurements.of(run, held.images, held.train, run.recipe.training.seed, held.what)


def diagnose_quickly(run: Run, measured: Measurements | None) -> Diagnosis:
    """Diagnose a run in seconds: by everything that `isthmus evaluate` measures, but what takes longer.

    Args:
        run: The run.
        measured: Its measurements; None judges only how training went.
    """
    if measured is None:
        return Diagnosis.of(training_summary(run))
    measured = measured.limited()
    return Diagnosis.of(task_summary(measured) if run.restores else quick_summary(measured), measured)


def spell_verdict(diagnosis: Diagnosis, run: Run, data: str, targets: str | None = None) -> list[str]:
    """The verdict in one line, and in another the command that tries the first remedy, if there is any.

    Args:
        diagnosis: The diagnosis.
        run: The run.
        data: Its images, as a command names them.
        targets: The same of its targets, where these are files of their own.
    """
    remedies = [
        f"{finding.title}. {finding.remedy} Try: {command}"
        for finding in diagnosis.findings
        if (command := remedy_command(finding, data, run.recipe, str(run.path), targets))
    ]
    return [f"Verdict: {diagnosis.verdict.text}", *remedies]
