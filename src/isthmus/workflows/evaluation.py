"""Evaluate a run: every part, joined, and kept in the run until something that it rests on changes."""

import contextlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

from isthmus.data import Data
from isthmus.errors import StorageError, UsageError
from isthmus.evaluation.diagnosis import Finding, diagnose
from isthmus.evaluation.disentanglement import disentanglement_section, measure_disentanglement
from isthmus.evaluation.latent import LatentFigures, latent_section, measure_latent
from isthmus.evaluation.likelihood import likelihood_section
from isthmus.evaluation.material import Material
from isthmus.evaluation.reconstruction import Reconstruction, measure_reconstruction, reconstruction_section
from isthmus.evaluation.representation import measure_representation, representation_section
from isthmus.evaluation.restoration import evaluate_restoration
from isthmus.evaluation.samples import measure_samples, samples_section
from isthmus.evaluation.table import Section
from isthmus.inputs import MOST_JSON_BYTES, parse_json, read_regular
from isthmus.runs import Run
from isthmus.scores import PixelMeasure, Scores, gather_evidence, measure_for, score
from isthmus.storage import write_text
from isthmus.workflows.held_out import HeldOut, find_held_out
from isthmus.workflows.signs import measure_signs

EVALUATION = "evaluation.json"
SCHEMA_VERSION = 1
PARTS = ("likelihood", "reconstruction", "latent", "representation", "disentanglement", "samples", "diagnosis")
"""What an evaluation is made of, in order."""
DEFAULT_DRAWS = 100
_MOST_KEPT = 16


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        run: The run's folder, by name.
        recipe: The name of its recipe.
        data: What the images are called.
        split: Which of them they are: `test`, `validation` or `all`.
        images: How many.
        sections: The figures, part by part.
        findings: What is wrong, the worst first; empty for a healthy run, None where nothing was diagnosed.
        not_tested: What a diagnosis could not look at, in words.
        rests_on: What the figures follow from; others are measured as soon as any of it changes.
    """

    run: str
    recipe: str
    data: str
    split: str
    images: int
    sections: tuple[Section, ...]
    findings: tuple[Finding, ...] | None
    not_tested: str
    rests_on: Mapping[str, Any]

    def __getitem__(self, key: str) -> Section:
        """The section of a part.

        Raises:
            KeyError: If that part was not evaluated.
        """
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(key)

    def as_table(self) -> tuple[tuple[str, str, str, str], ...]:
        """Every figure as texts: the part's title, the name, the value with its error and unit, the meaning."""
        return tuple(
            (section.title, row.name, format_value(row.value, row.standard_error, row.unit), row.meaning)
            for section in self.sections
            for row in section.rows
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {
            "run": self.run,
            "recipe": self.recipe,
            "data": self.data,
            "split": self.split,
            "images": self.images,
            "sections": [section.to_json() for section in self.sections],
            "findings": None if self.findings is None else [finding.to_json() for finding in self.findings],
            "not_tested": self.not_tested,
            "rests_on": dict(self.rests_on),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Evaluation":
        """Read what `to_json` gave.

        Raises:
            KeyError: If something is missing.
            TypeError: If something is of another kind.
        """
        findings = values["findings"]
        return cls(
            **{name: values[name] for name in ("run", "recipe", "data", "split", "images", "not_tested", "rests_on")},
            sections=tuple(Section.from_json(section) for section in values["sections"]),
            findings=None if findings is None else tuple(Finding.from_json(finding) for finding in findings),
        )


def evaluate(
    run: Run,
    data: Data | None = None,
    importance_samples: int = DEFAULT_DRAWS,
    seed: int = 0,
    parts: Sequence[str] = PARTS,
    *,
    trust: bool = False,
    fresh: bool = False,
    targets: Data | None = None,
    strength: float | None = None,
) -> Evaluation:
    """Say how good a run is, and what is wrong with it; of one that restores pictures, beside what needs no learning.

    What was found is kept in the run as `evaluation.json`, where that can be written.

    Args:
        run: What to evaluate.
        data: Images; None for those of the run's own data that it never learned from.
        importance_samples: Draws of each image's posterior for the likelihood, K.
        seed: Of every draw and choice; it fixes every figure.
        parts: Some of `PARTS`.
        trust: Load an own network of the run's, which may run code of its maker's, to test the encoder.
        fresh: Measure anew, even where nothing changed.
        targets: What is asked for, where the run's task has it in files of its own; see `isthmus.train`.
        strength: How hard to make the run's task, where that has a strength.

    Raises:
        UsageError: If there is no such part or data, or no importance sample is wanted.
        DataError: If the images cannot be found, or are not of the run's shape.
        RunError: If the run is damaged.
    """
    unknown = [part for part in parts if part not in PARTS]
    if unknown or not parts:
        raise UsageError(f"expected parts of {', '.join(PARTS)}; got {', '.join(map(repr, unknown)) or 'none'}")
    if importance_samples < 1:
        raise UsageError(f"expected at least one importance sample for each image; got {importance_samples}")
    found = find_held_out(run, data, targets=targets)
    if run.restores:
        parts = ["restoration"]
    elif strength is not None:
        raise UsageError("--strength says how hard to make the task of a run that restores; this one reconstructs")
    parts = [part for part in (*PARTS, "restoration") if part in parts]
    rests_on = {**_rests_on(run, found, importance_samples, seed, parts, trust), "strength": strength}
    kept = _read_kept(run)
    if not fresh:
        for evaluation in kept:
            if evaluation.rests_on == rests_on:
                return evaluation
    evaluation = _measure(run, found, importance_samples, seed, parts, trust, rests_on, strength)
    _keep(run, evaluation, kept)
    return evaluation


def format_value(value: float | None, standard_error: float | None = None, unit: str = "") -> str:
    """A figure as text, with as many digits as its standard error leaves sure."""
    if value is None:
        return "none"
    if standard_error is not None and standard_error > 0.0:
        digits = max(0, 1 - math.floor(math.log10(standard_error)))
        text = f"{value:.{digits}f} ± {standard_error:.{digits}f}"
    else:
        text = f"{value:.0f}" if value == int(value) and abs(value) >= 1.0 else f"{value:.4g}"
    return f"{text} {unit}".rstrip()


class _Measured:
    """What several parts need, measured once, when the first of them asks."""

    def __init__(self, material: Material, draws: int, strength: float | None = None) -> None:
        self.material, self.draws, self.strength = material, draws, strength

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

    def likelihood_section(self) -> Section:
        run, measure = self.material.run, self.measure
        evidence = None
        if measure.is_likelihood:
            evidence = gather_evidence(run, self.material.test, measure, self.draws, self.material.seed)
        beta = run.recipe.objective.beta
        return likelihood_section(measure, self.scores, evidence, run.image.dims, beta, run.latent.has_rate)

    def section(self, part: str) -> Section:
        material = self.material
        sections: dict[str, Callable[[], Section]] = {
            "likelihood": self.likelihood_section,
            "reconstruction": lambda: reconstruction_section(self.reconstruction, material.run.recipe.latent.dim),
            "latent": lambda: latent_section(self.latent),
            "representation": lambda: representation_section(measure_representation(material)),
            "disentanglement": lambda: disentanglement_section(measure_disentanglement(material)),
            "samples": lambda: samples_section(measure_samples(material)),
            "restoration": lambda: evaluate_restoration(
                material.run, material.test, material.train, material.seed, self.strength
            ),
        }
        return sections[part]()


def _measure(
    run: Run,
    found: HeldOut,
    draws: int,
    seed: int,
    parts: Sequence[str],
    trust: bool,
    rests_on: Mapping[str, Any],
    strength: float | None,
) -> Evaluation:
    measured = _Measured(Material.assemble(run, found.images, found.train, seed), draws, strength)
    sections = tuple(measured.section(part) for part in parts if part != "diagnosis")
    findings, not_tested = None, ""
    if "diagnosis" in parts:
        signs, not_tested = measure_signs(
            measured.material, measured.scores, measured.reconstruction, measured.latent, trust=trust, thorough=True
        )
        findings = diagnose(signs)
    return Evaluation(
        run=run.path.name,
        recipe=run.recipe.name,
        data=found.name,
        split=found.split,
        images=len(found.images),
        sections=sections,
        findings=findings,
        not_tested=not_tested,
        rests_on=rests_on,
    )


def _rests_on(run: Run, found: HeldOut, draws: int, seed: int, parts: Sequence[str], trust: bool) -> dict[str, Any]:
    """Everything that the figures follow from, as plain values."""
    return {
        "isthmus": version("isthmus"),
        "files": {name: entry.sha256 for name, entry in sorted(run.manifest.files.items()) if name in _FILES},
        "images": found.images.fingerprint,
        "factors": found.images.factors is not None,
        "train": None if found.train is None else run.manifest.data.fingerprint,
        "importance_samples": draws,
        "seed": seed,
        "parts": list(parts),
        "trust": trust,
    }


_FILES = frozenset({"recipe.json", "weights.safetensors", "encoder.onnx", "decoder.onnx", "codes.safetensors"})


def _read_kept(run: Run) -> list[Evaluation]:
    """What was found before; nothing if the file is missing, torn or from another isthmus: it can be measured again."""
    try:
        values = parse_json(read_regular(run.path / EVALUATION, MOST_JSON_BYTES))
        if values["schema_version"] != SCHEMA_VERSION:
            return []
        return [Evaluation.from_json(entry) for entry in values["evaluations"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _keep(run: Run, evaluation: Evaluation, kept: Sequence[Evaluation]) -> None:
    """Keep what was found, the newest last, behind what still holds of this model: of other images, seeds and parts."""
    lasting = [
        other
        for other in kept
        if other.rests_on.get("files") == evaluation.rests_on["files"]
        and other.rests_on.get("isthmus") == evaluation.rests_on["isthmus"]
        and other.rests_on != evaluation.rests_on
    ]
    evaluations = [*lasting, evaluation][-_MOST_KEPT:]
    values = {"schema_version": SCHEMA_VERSION, "evaluations": [entry.to_json() for entry in evaluations]}
    # A run in a place that only others may write to can be evaluated all the same.
    with contextlib.suppress(StorageError):
        write_text(run.path / EVALUATION, json.dumps(values, indent=2, allow_nan=False) + "\n")
