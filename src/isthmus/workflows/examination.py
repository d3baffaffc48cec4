"""A quick examination of a run on held-out images: the same diagnosis for the end of a training and for the report."""

from dataclasses import dataclass, replace

from isthmus.evaluation.diagnosis import Finding, Signs, Verdict, diagnose, give_verdict
from isthmus.evaluation.material import Material, subset
from isthmus.evaluation.reconstruction import measure_reconstruction
from isthmus.report import remedy_command
from isthmus.runs import Run
from isthmus.scores import score
from isthmus.workflows.datasets import HeldOut
from isthmus.workflows.signs import quick_signs, task_signs, training_signs

EXAMINED = 2_000
"""Held-out images that are examined, at most."""


@dataclass(frozen=True, eq=False)
class Examination:
    """What an examination found.

    Attributes:
        signs: The measurements.
        findings: What is wrong, the worst first.
        verdict: That in one sentence.
        material: The run and the images that were examined; None without images.
    """

    signs: Signs
    findings: tuple[Finding, ...]
    verdict: Verdict
    material: Material | None


def examine(run: Run, held: HeldOut | None) -> Examination:
    """Examine a run in seconds: everything that `isthmus evaluate` diagnoses, but what takes longer.

    Args:
        run: What to examine.
        held: Held-out images, and the training images where they are at hand; without, only how training went is
            judged.
    """
    material = None
    signs = training_signs(run)
    if held is not None:
        seed = run.recipe.training.seed
        material = Material.assemble(run, held.images, held.train, seed)
        material = replace(material, test=subset(material.test, EXAMINED, seed))
        scores = score(run, material.test, seed)
        if run.restores:
            signs = task_signs(material, scores)
        else:
            signs = quick_signs(material, scores, measure_reconstruction(material, similarity=False))
    findings = diagnose(signs)
    return Examination(signs, findings, give_verdict(signs, findings), material)


def spell_verdict(examined: Examination, run: Run, data: str, targets: str | None = None) -> list[str]:
    """The verdict in one line, and in another the command that tries the first remedy, if there is any.

    Args:
        examined: What was found.
        run: The run.
        data: Its images, as a command names them.
        targets: The same of its targets, where these are files of their own.
    """
    remedies = [
        f"{finding.title}. {finding.remedy} Try: {command}"
        for finding in examined.findings
        if (command := remedy_command(finding, data, run.recipe, str(run.path), targets))
    ]
    return [f"Verdict: {examined.verdict.text}", *remedies]
