"""Evaluate a run, part by part; each part is stored in the run until something that it depends on changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Any

from isthmus.data import Data, shared
from isthmus.errors import UsageError
from isthmus.evaluation.diagnosis import Finding, Verdict, diagnose, give_verdict
from isthmus.evaluation.disentanglement import disentanglement_section, measure_disentanglement
from isthmus.evaluation.latent import LatentFigures, latent_section, measure_latent
from isthmus.evaluation.likelihood import likelihood_section
from isthmus.evaluation.material import Material
from isthmus.evaluation.reconstruction import Reconstruction, measure_reconstruction, reconstruction_section
from isthmus.evaluation.representation import measure_representation, representation_section
from isthmus.evaluation.restoration import evaluate_restoration
from isthmus.evaluation.result import DIAGNOSIS, Evaluation, Provenance
from isthmus.evaluation.samples import measure_samples, samples_section
from isthmus.evaluation.store import find_evaluation, store_evaluation
from isthmus.evaluation.table import Section
from isthmus.runs import Run
from isthmus.runs.lock import locked_run
from isthmus.scores import PixelMeasure, Scores, gather_evidence, measure_for, score
from isthmus.workflows.datasets import HeldOut, open_held_out
from isthmus.workflows.signs import measure_signs, task_signs

RESTORATION = "restoration"
PARTS = ("likelihood", "reconstruction", "latent", "representation", "disentanglement", "samples", DIAGNOSIS)
"""What an evaluation is made of, in order."""
DEFAULT_DRAWS = 50
_DEFINITIONS = 3
"""Counted up when metrics are defined otherwise: stored ones of the same version of isthmus no longer hold then."""
_FILES = frozenset({"recipe.json", "weights.safetensors", "encoder.onnx", "decoder.onnx", "codes.safetensors"})


def evaluate(
    run: Run,
    data: Data | None = None,
    importance_samples: int = DEFAULT_DRAWS,
    seed: int = 0,
    parts: Sequence[str] = PARTS,
    *,
    thorough: bool = False,
    trust: bool = False,
    fresh: bool = False,
    targets: Data | None = None,
    strength: float | None = None,
    on_part: Callable[[Evaluation], object] | None = None,
) -> Evaluation:
    """Measure how good a run is, and diagnose what is wrong with it; compare one that restores images with baselines.

    Each part is stored in the run, in `evaluation.json`, as soon as it is measured, where that can be written: what was
    interrupted continues with the part that was not finished.

    Args:
        run: What to evaluate.
        data: Images; None for the held-out images of the run's own data.
        importance_samples: Draws of each image's posterior for the likelihood, K.
        seed: Seed for every draw and choice; it fixes every metric, whatever order the images are listed in.
        parts: Some of `PARTS`.
        thorough: Measure the amortisation gap too, which imports a training framework and takes minutes.
        trust: Load a custom network of the run, which may execute arbitrary code, for the amortisation gap.
        fresh: Measure again, even where nothing changed.
        targets: The targets, where the run's task has them in files of their own; see `isthmus.train`.
        strength: How strongly images are corrupted, where the run's task has a strength.
        on_part: Called with each part when it is there, as an evaluation of that part alone.

    Raises:
        UsageError: If there is no such part or data, or fewer than one importance sample is wanted.
        DataError: If the images cannot be found, or are not of the run's shape.
        RunError: If the run is damaged, or another process is training or evaluating it.
    """
    unknown = [part for part in parts if part not in PARTS]
    if unknown or not parts:
        raise UsageError(f"expected parts of {', '.join(PARTS)}; got {', '.join(map(repr, unknown)) or 'none'}")
    if importance_samples < 1:
        raise UsageError(f"expected at least one importance sample for each image; got {importance_samples}")
    found = open_held_out(run, data, targets=targets)
    if run.restores:
        parts = [RESTORATION, *(part for part in parts if part == DIAGNOSIS)]
    elif strength is not None:
        raise UsageError("--strength is for runs that restore images; this one reconstructs")
    material = Material.assemble(run, found.images, found.train, seed)
    options: dict[str, dict[str, Any]] = {
        "likelihood": {"importance_samples": importance_samples},
        DIAGNOSIS: {"thorough": thorough, "trust": thorough and trust},
        RESTORATION: {"strength": strength},
    }
    with locked_run(run.path):
        return _evaluate(
            _Measured(material, options),
            _blank(found, material),
            _ordered(parts, run),
            fresh,
            on_part or (lambda _: None),
        )


def _ordered(parts: Sequence[str], run: Run) -> list[str]:
    """Parts in the order of `PARTS`; reconstructions first where decibels say more than nats."""
    known = [part for part in (RESTORATION, *PARTS) if part in parts]
    if run.recipe.likelihood.kind != "bernoulli":
        known.sort(key=lambda part: part != "reconstruction")
    return known


def _evaluate(
    measured: "_Measured",
    found: Evaluation,
    parts: Sequence[str],
    fresh: bool,
    on_part: Callable[[Evaluation], object],
) -> Evaluation:
    """Take the parts that are stored, and measure and store the others, one by one."""
    run = measured.material.run
    stored = None if fresh else find_evaluation(run, found.rests_on)
    written, is_newest = [], False
    try:
        for part in parts:
            entry = None if stored is None else stored.provenance.get(part)
            if stored is not None and entry is not None and entry.answers(measured.options.get(part, {})):
                piece = stored.only([part])
            else:
                piece = measured.part(part, found)
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


def _blank(found: HeldOut, material: Material) -> Evaluation:
    """An evaluation without parts."""
    run = material.run
    rests_on = {
        "isthmus": version("isthmus"),
        "definitions": _DEFINITIONS,
        "files": {name: entry.sha256 for name, entry in sorted(run.manifest.files.items()) if name in _FILES},
        "images": material.test.fingerprint,
        "factors": material.test.factors is not None,
        "train": None if material.train is None else run.manifest.data.fingerprint,
        "seed": material.seed,
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


class _Measured:
    """What several parts need, measured once, when the first of them asks."""

    def __init__(self, material: Material, options: Mapping[str, Mapping[str, Any]]) -> None:
        self.material, self.options = material, options

    @cached_property
    def scores(self) -> Scores:
        return score(self.material.run, self.material.test, self.material.seed)

    @cached_property
    def measure(self) -> PixelMeasure:
        return measure_for(self.material.run, self.material.test)

    @cached_property
    def reconstruction(self) -> Reconstruction:
        return measure_reconstruction(self.material)

    @cached_property
    def latent(self) -> LatentFigures:
        return measure_latent(self.material.test_codes, self.material.seed)

    def part(self, part: str, of: Evaluation) -> Evaluation:
        """Measure a part, as an evaluation of that part alone."""
        if part == DIAGNOSIS:
            findings, verdict, not_tested = self._diagnosis()
            found = replace(of, sections=(), findings=findings, verdict=verdict, not_tested=not_tested)
        else:
            found = replace(of, sections=(self._section(part),), findings=None, verdict=None, not_tested="")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(found, provenance={part: Provenance(now, version("isthmus"), self.options.get(part, {}))})

    def _diagnosis(self) -> tuple[tuple[Finding, ...], Verdict, str]:
        options, run = self.options[DIAGNOSIS], self.material.run
        if run.restores:
            signs, not_tested = task_signs(self.material, self.scores), ""
        else:
            signs, not_tested = measure_signs(self.material, self.scores, self.reconstruction, self.latent, **options)
        if run.latent.has_rate and not run.restores and not options["thorough"]:
            not_tested = f"{not_tested} The encoder was not tested (the amortisation gap); --thorough does it.".lstrip()
        findings = diagnose(signs)
        return findings, give_verdict(signs, findings), not_tested

    def _likelihood(self) -> Section:
        run, measure = self.material.run, self.measure
        evidence = None
        if measure.is_likelihood:
            draws = self.options["likelihood"]["importance_samples"]
            evidence = gather_evidence(run, self.material.test, measure, draws, self.material.seed)
        beta = run.recipe.objective.beta
        return likelihood_section(measure, self.scores, evidence, run.image.dims, beta, run.latent.has_rate)

    def _section(self, part: str) -> Section:
        material = self.material
        sections: dict[str, Callable[[], Section]] = {
            "likelihood": self._likelihood,
            "reconstruction": lambda: reconstruction_section(self.reconstruction, material.run.recipe.latent.dim),
            "latent": lambda: latent_section(self.latent),
            "representation": lambda: representation_section(measure_representation(material)),
            "disentanglement": lambda: disentanglement_section(measure_disentanglement(material)),
            "samples": lambda: samples_section(measure_samples(material)),
            RESTORATION: lambda: evaluate_restoration(
                material.run, material.test, material.train, material.seed, self.options[RESTORATION]["strength"]
            ),
        }
        return sections[part]()
