"""A quick examination of a run on held-out images: the same diagnosis for the end of a training and for the report."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from isthmus.data import evaluation_batches
from isthmus.data.colour import MIDDLE
from isthmus.evaluation.diagnosis import Baseline, Finding, Signs, Verdict, diagnose, give_verdict
from isthmus.evaluation.material import BATCH, Material, subset
from isthmus.evaluation.reconstruction import measure_reconstruction, psnr
from isthmus.recipes import Recipe
from isthmus.report import remedy_command
from isthmus.runs import Run
from isthmus.scores import Scores, score
from isthmus.units import Estimate
from isthmus.workflows.held_out import HeldOut
from isthmus.workflows.signs import losses, quick_signs, training_signs

EXAMINED = 2_000
"""Held-out images that are examined, at most."""

FloatArray = NDArray[np.float64]


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
            signs = _task_signs(material, scores)
        else:
            signs = quick_signs(material, scores, measure_reconstruction(material, similarity=False))
    findings = diagnose(signs)
    return Examination(signs, findings, give_verdict(signs, findings), material)


def spell_verdict(examined: Examination, run: Run, data: str) -> list[str]:
    """The verdict in one line, and in another the command that tries the first remedy, if there is any.

    Args:
        examined: What was found.
        run: The run.
        data: Its images, as a command names them.
    """
    remedies = [
        f"{finding.title}. {finding.remedy} Try: {command}"
        for finding in examined.findings
        if (command := remedy_command(finding, data, run.recipe, str(run.path)))
    ]
    return [f"Verdict: {examined.verdict.text}", *remedies]


def _task_signs(material: Material, scores: Scores) -> Signs:
    """The signs of a run that restores: classes by number have no brightness to compare."""
    signs = replace(training_signs(material.run), distortion=scores.distortion, names=material.test.names)
    if material.run.recipe.likelihood.kind == "categorical":
        return replace(signs, test_loss=Estimate.of(scores.distortion + scores.rate))
    return replace(
        signs,
        mse=float(scores.squared_error.mean()),
        psnr_db=float(psnr(scores.squared_error).mean()),
        unchanged=_unchanged(material, scores.squared_error),
        **losses(material, scores),
    )


def _unchanged(material: Material, own: FloatArray) -> Baseline | None:
    """The input as it is, as a prediction; None where it is none."""
    recipe, errors = material.run.recipe, []
    for batch in evaluation_batches(material.test, BATCH, recipe, material.seed):
        given = _as_prediction(recipe, batch.seen)
        if given is None or given.shape != batch.target.shape:
            return None
        errors.append(
            np.mean(np.square((batch.target.astype(np.float64) - given.astype(np.float64)) / 255.0), axis=(1, 2, 3))
        )
    mse = np.concatenate(errors)
    return Baseline(float(mse.mean()), float(psnr(mse).mean()), Estimate.of(own - mse))


def _as_prediction(recipe: Recipe, seen: NDArray[np.generic]) -> NDArray[np.generic] | None:
    match recipe.task.kind:
        case "segment":
            return None
        case "inpaint":
            return seen[..., :-1]  # the last channel is the mask
        case "colourise":
            return np.full((*seen.shape[:3], 2), MIDDLE)  # grey
    return seen
