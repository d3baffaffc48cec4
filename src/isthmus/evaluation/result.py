"""What an evaluation found: metrics part by part, a diagnosis, and where each part comes from."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from isthmus.evaluation.diagnosis import Finding, Verdict
from isthmus.evaluation.table import Section
from isthmus.wording import spell_count

DIAGNOSIS = "diagnosis"
"""The part that has findings instead of metrics."""
Origin = Literal["measured", "stored", "unverified"]


@dataclass(frozen=True)
class Provenance:
    """Where a part of an evaluation comes from.

    Attributes:
        measured: When it was measured, ISO 8601 in UTC; empty where an earlier version did not store that.
        version: The version of isthmus that measured it.
        options: What this part alone depends on, such as the number of importance samples.
        origin: `measured` just now, `stored` by this machine earlier, or `unverified`: read from a run, with nothing to
            show that this machine measured it.
    """

    measured: str
    version: str
    options: Mapping[str, Any]
    origin: Origin = "measured"

    @property
    def note(self) -> str:
        """The origin in words; empty for what was measured just now."""
        if self.origin == "measured":
            return ""
        when = f"on {self.measured[:10]}" if self.measured else "on an unknown date"
        doubt = "; unverified: not measured on this machine" if self.origin == "unverified" else ""
        return f"stored, measured {when} with isthmus {self.version or 'of an unknown version'}{doubt}"

    def answers(self, options: Mapping[str, Any]) -> bool:
        """Whether a part with these options is what was asked for; a thorough diagnosis answers a quick one too."""
        return self.options == options or (bool(self.options.get("thorough")) and options.get("thorough") is False)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        run: The run's folder, by name.
        recipe: The name of its recipe.
        data: What the images are called.
        split: Which of them they are: `test`, `validation` or `all`.
        images: How many.
        trained_on: How many of them the run was trained on, pixel for pixel; None where its training images are not at
            hand, or an earlier version did not count.
        sections: The metrics, part by part.
        findings: What is wrong, the worst first; empty for a healthy run, None where nothing was diagnosed.
        not_tested: What a diagnosis did not look at, in words.
        rests_on: What all parts depend on; they are measured again when any of it changes.
        provenance: Where each part comes from, by key.
        verdict: The diagnosis in one sentence; None where nothing was diagnosed, or by an earlier version.
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
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    verdict: Verdict | None = None
    trained_on: int | None = None

    @property
    def overlap(self) -> str:
        """In a sentence, whether the run was trained on some of the images; empty where not."""
        if self.trained_on:
            count = spell_count(self.images, "image")
            return f"The run was trained on {self.trained_on:,} of these {count}: expect worse on others."
        if self.trained_on is None and self.split == "all":
            return "It is not known whether the run was trained on some of them: its training images cannot be found."
        return ""

    def __getitem__(self, key: str) -> Section:
        """The section of a part.

        Raises:
            KeyError: If that part was not evaluated.
        """
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(key)

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys of the parts that were evaluated."""
        diagnosed = () if self.findings is None else (DIAGNOSIS,)
        return (*(section.key for section in self.sections), *diagnosed)

    def only(self, parts: Collection[str]) -> "Evaluation":
        """Some parts of it."""
        diagnosed = DIAGNOSIS in parts
        return replace(
            self,
            sections=tuple(section for section in self.sections if section.key in parts),
            findings=self.findings if diagnosed else None,
            verdict=self.verdict if diagnosed else None,
            not_tested=self.not_tested if diagnosed else "",
            provenance={key: entry for key, entry in self.provenance.items() if key in parts},
        )

    def joined(self, other: "Evaluation") -> "Evaluation":
        """Its parts and those of another evaluation of the same images, which replace its own."""
        rest = self.only([part for part in self.parts if part not in other.parts])
        newer = other if other.findings is not None else rest
        return replace(
            other,
            sections=rest.sections + other.sections,
            findings=newer.findings,
            verdict=newer.verdict,
            not_tested=newer.not_tested,
            provenance={**rest.provenance, **other.provenance},
        )

    def as_table(self) -> tuple[tuple[str, str, str, str], ...]:
        """Every metric as texts: the part's title, the name, the value with its error and unit, the meaning."""
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
            "trained_on": self.trained_on,
            "sections": [section.to_json() for section in self.sections],
            "verdict": None if self.verdict is None else asdict(self.verdict),
            "findings": None if self.findings is None else [finding.to_json() for finding in self.findings],
            "not_tested": self.not_tested,
            "rests_on": dict(self.rests_on),
            "provenance": {
                key: {
                    "measured": entry.measured,
                    "version": entry.version,
                    "options": dict(entry.options),
                    "origin": entry.origin,
                }
                for key, entry in self.provenance.items()
            },
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Evaluation":
        """Read what `to_json` gave; where it has no provenance, as earlier versions wrote, nothing is verified.

        Raises:
            KeyError: If something is missing.
            TypeError: If something is of another type.
        """
        findings, verdict = values["findings"], values.get("verdict")
        found = cls(
            **{name: values[name] for name in ("run", "recipe", "data", "split", "images", "not_tested", "rests_on")},
            sections=tuple(Section.from_json(section) for section in values["sections"]),
            findings=None if findings is None else tuple(Finding.from_json(finding) for finding in findings),
            verdict=None if verdict is None else Verdict(**verdict),
            trained_on=values.get("trained_on"),
        )
        version = str(found.rests_on.get("isthmus", ""))
        unknown = {"measured": "", "version": version, "options": {}, "origin": "unverified"}
        entries = values.get("provenance", {})
        return replace(found, provenance={part: Provenance(**entries.get(part, unknown)) for part in found.parts})


def format_value(value: float | None, standard_error: float | None = None, unit: str = "") -> str:
    """A metric as text, with as many digits as its standard error leaves certain."""
    if value is None:
        return "none"
    if standard_error is not None and standard_error > 0.0:
        digits = max(0, 1 - math.floor(math.log10(standard_error)))
        text = f"{value:.{digits}f} ± {standard_error:.{digits}f}"
    else:
        text = f"{value:.0f}" if value == int(value) and abs(value) >= 1.0 else f"{value:.4g}"
    return f"{text} {unit}".rstrip()
