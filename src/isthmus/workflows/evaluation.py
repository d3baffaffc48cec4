"""Evaluate a run, part by part; each part is stored in the run until something that it depends on changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from isthmus.data import Data, shared
from isthmus.errors import UsageError
from isthmus.evaluation.diagnosis import Diagnosis
from isthmus.evaluation.disentanglement import disentanglement_section, measure_disentanglement
from isthmus.evaluation.equal_size import equal_size_rows
from isthmus.evaluation.latent import latent_section
from isthmus.evaluation.likelihood import likelihood_section
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.reconstruction import reconstruction_section
from isthmus.evaluation.representation import measure_representation, representation_section
from isthmus.evaluation.restoration import evaluate_restoration
from isthmus.evaluation.result import DIAGNOSIS, Evaluation, Provenance
from isthmus.evaluation.samples import measure_samples, samples_section
from isthmus.evaluation.store import find_evaluation, store_evaluation
from isthmus.evaluation.summaries import full_summary, task_summary
from isthmus.evaluation.table import Section
from isthmus.runs import Run
from isthmus.runs.lock import locked_run
from isthmus.scores import gather_evidence
from isthmus.units import Estimate
from isthmus.workflows.amortisation import amortisation_gap
from isthmus.workflows.datasets import HeldOut, open_held_out
from isthmus.workflows.equal_size import measure_equal_size

RESTORATION = "restoration"
PARTS = ("likelihood", "reconstruction", "latent", "representation", "disentanglement", "samples", DIAGNOSIS)
"""What an evaluation is made of, in order."""
DEFAULT_DRAWS = 50
_DEFINITIONS = 4
"""Counted up when metrics are defined otherwise: stored ones of the same version of isthmus no longer hold then."""
_NO_TRAINING_IMAGES = (
    "The training images cannot be found. There is no comparison with PCA or the mean image, and overfitting and lost "
    "detail were not looked for."
)
_FILES = frozenset({"recipe.json", "weights.safetensors", "encoder.onnx", "decoder.onnx", "codes.safetensors"})


@dataclass(frozen=True)
class EvaluationRequest:
    """What to measure; `isthmus.evaluate` explains each."""

    importance_samples: int = DEFAULT_DRAWS
    seed: int = 0
    parts: Sequence[str] = PARTS
    thorough: bool = False
    trust: bool = False
    fresh: bool = False
    targets: Data | None = None
    strength: float | None = None

    def options(self, part: str) -> dict[str, Any]:
        """What a part depends on alone."""
        options: dict[str, dict[str, Any]] = {
            "likelihood": {"importance_samples": self.importance_samples},
            DIAGNOSIS: {"thorough": self.thorough, "trust": self.thorough and self.trust},
            RESTORATION: {"strength": self.strength},
        }
        return options.get(part, {})

    def check(self, run: Run) -> None:
        """Check the request before anything is opened.

        Raises:
            UsageError: If there is no such part, fewer than one importance sample, or a strength for an autoencoder.
        """
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise UsageError(f"expected parts of {', '.join(PARTS)}; got {', '.join(map(repr, unknown)) or 'none'}")
        if self.importance_samples < 1:
            raise UsageError(f"expected at least one importance sample for each image; got {self.importance_samples}")
        if self.strength is not None and not run.restores:
            raise UsageError("--strength is for runs that restore images; this one reconstructs")

    def ordered_parts(self, run: Run) -> list[str]:
        """The parts for a run in the order of `PARTS`; reconstructions first where decibels say more than nats."""
        if run.restores:
            return [RESTORATION, *(part for part in self.parts if part == DIAGNOSIS)]
        known = [part for part in PARTS if part in self.parts]
        if not run.recipe.likelihood.of_binary:
            known.sort(key=lambda part: part != "reconstruction")
        return known


def evaluate(
    run: Run,
    data: Data | None = None,
    request: EvaluationRequest | None = None,
    on_part: Callable[[Evaluation], object] | None = None,
) -> Evaluation:
    """Measure how good a run is, and diagnose what is wrong with it; compare one that restores images with baselines.

    Each part is stored in the run, in `evaluation.json`, as soon as it is measured, where that can be written: what was
    interrupted continues with the part that was not finished.

    Args:
        run: What to evaluate.
        data: Images; None for the held-out images of the run's own data.
        request: What to measure; all parts by default.
        on_part: Called with each part when it is there, as an evaluation of that part alone.

    Raises:
        UsageError: If there is no such part or data, or fewer than one importance sample is wanted.
        DataError: If the images cannot be found, or are not of the run's shape.
        RunError: If the run is damaged, or another process is training or evaluating it.
    """
    request = request or EvaluationRequest()
    request.check(run)
    held = open_held_out(run, data, targets=request.targets)
    measured = Measurements.of(run, held.images, held.train, request.seed, held.what)
    with locked_run(run.path):
        return _evaluate(measured, _blank(held, measured), request, on_part or (lambda _: None))


def _evaluate(
    measured: Measurements, found: Evaluation, request: EvaluationRequest, on_part: Callable[[Evaluation], object]
) -> Evaluation:
    """Take the parts that are stored, and measure and store the others, one by one."""
    run = measured.run
    stored = None if request.fresh else find_evaluation(run, found.rests_on)
    written, is_newest = [], False
    try:
        for part in request.ordered_parts(run):
            entry = None if stored is None else stored.provenance.get(part)
            if stored is not None and entry is not None and entry.answers(request.options(part)):
                piece = stored.only([part])
            else:
                piece = _measure_part(part, measured, found, request)
                is_newest = store_evaluation(run, piece)
                written += [part] if is_newest else []
            found = found.joined(piece)
            on_part(piece)
    except KeyboardInterrupt:
        stored_parts = f"{', '.join(written)} {'is' if len(written) == 1 else 'are'}" if written else "nothing new is"
        raise KeyboardInterrupt(
            f"stopped: {stored_parts} stored in {run.path}. The same command measures only what is left."
        ) from None
    if not is_newest:
        store_evaluation(run, found)
    return found


def _blank(found: HeldOut, measured: Measurements) -> Evaluation:
    """An evaluation without parts."""
    run = measured.run
    rests_on = {
        "isthmus": version("isthmus"),
        "definitions": _DEFINITIONS,
        "files": {name: entry.sha256 for name, entry in sorted(run.manifest.files.items()) if name in _FILES},
        "images": measured.test.fingerprint,
        "factors": measured.test.factors is not None,
        "train": None if measured.train is None else run.manifest.data.fingerprint,
        "seed": measured.seed,
    }
    return Evaluation(
        run=run.path.name,
        recipe=run.recipe.name,
        data=found.name,
        split=found.split,
        images=len(found.images),
        trained_on=None if found.train is None else int(shared(found.images, found.train).sum()),
        sections=(),
        findings=None,
        not_tested="",
        rests_on=rests_on,
    )


def _measure_part(part: str, measured: Measurements, of: Evaluation, request: EvaluationRequest) -> Evaluation:
    """Measure a part, as an evaluation of that part alone."""
    if part == DIAGNOSIS:
        found = _diagnose(measured, request)
        piece = replace(of, sections=(), findings=found.findings, verdict=found.verdict, not_tested=found.not_tested)
    else:
        piece = replace(
            of, sections=(_measure_section(part, measured, request),), findings=None, verdict=None, not_tested=""
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return replace(piece, provenance={part: Provenance(now, version("isthmus"), request.options(part))})


def _diagnose(measured: Measurements, request: EvaluationRequest) -> Diagnosis:
    run = measured.run
    if run.restores:
        return Diagnosis.of(task_summary(measured), measured)
    gap = amortisation_gap(measured, request.trust) if request.thorough else ""
    not_tested = [] if measured.train is not None else [_NO_TRAINING_IMAGES]
    if isinstance(gap, str):
        not_tested.append(gap)
    if run.latent.is_random and not request.thorough:
        not_tested.append("The encoder was not tested (the amortisation gap); --thorough does it.")
    summary = full_summary(measured, gap if isinstance(gap, Estimate) else None)
    return Diagnosis.of(summary, measured, " ".join(text for text in not_tested if text))


def _likelihood(measured: Measurements, draws: int) -> Section:
    run, measure = measured.run, measured.pixel_measure
    evidence = None
    if measure.is_likelihood:
        evidence = gather_evidence(run, measured.test, measure, draws, measured.seed)
    beta = run.recipe.objective.beta
    return likelihood_section(measure, measured.scores, evidence, run.image.dims, beta, run.latent)


def _reconstruction(measured: Measurements) -> Section:
    section = reconstruction_section(measured.reconstruction, measured.run.latent)
    equal = measure_equal_size(measured)
    if equal is None:
        return section
    return replace(section, rows=(*section.rows, *equal_size_rows(equal)), note=f"{section.note} {equal.note}".strip())


def _measure_section(part: str, measured: Measurements, request: EvaluationRequest) -> Section:
    match part:
        case "likelihood":
            return _likelihood(measured, request.importance_samples)
        case "reconstruction":
            return _reconstruction(measured)
        case "latent":
            return latent_section(measured.latent)
        case "representation":
            return representation_section(measure_representation(measured))
        case "disentanglement":
            return disentanglement_section(measure_disentanglement(measured))
        case "samples":
            return samples_section(measure_samples(measured))
    return evaluate_restoration(measured.run, measured.test, measured.train, measured.seed, request.strength)
