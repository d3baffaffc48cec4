"""What `isthmus evaluate` found of a run, for its report."""

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.inputs import MOST_JSON_BYTES, parse_json, read_regular
from isthmus.report import Finding, Table, train_command
from isthmus.runs import Run
from isthmus.workflows.evaluation import EVALUATION, Evaluation, format_value


@dataclass(frozen=True)
class Evaluated:
    """An evaluation, as a page shows it.

    Attributes:
        tables: Its figures, part by part.
        findings: Its diagnosis.
        note: What it was made on.
    """

    tables: Sequence[Table]
    findings: Sequence[Finding]
    note: str


def read_evaluated(run: Run) -> Evaluated | None:
    """Read the newest evaluation that a run keeps, if it is of the weights that the run has now; else None.

    One that cannot be read counts for none: it can be made again.
    """
    try:
        values = parse_json(read_regular(run.path / EVALUATION, MOST_JSON_BYTES))
        kept = [Evaluation.from_json(entry) for entry in values["evaluations"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    current = [evaluation for evaluation in kept if _is_of(run, evaluation)]
    if not current:
        return None
    newest = current[0]  # kept newest first
    tables = [
        Table(
            section.title,
            ("figure", "value", "what it says"),
            [(row.name, format_value(row.value, row.standard_error, row.unit), row.meaning) for row in section.rows],
            note=section.note,
        )
        for section in newest.sections
    ]
    what = f"On the {newest.images:,} {newest.split} images of {newest.data}."
    return Evaluated(tables, _diagnosis(run, newest), f"{what} {newest.not_tested}".strip())


def _is_of(run: Run, evaluation: Evaluation) -> bool:
    now, then = run.manifest.files, evaluation.rests_on.get("files", {})
    return all(name in now and now[name].sha256 == digest for name, digest in then.items())


def _diagnosis(run: Run, evaluation: Evaluation) -> list[Finding]:
    if evaluation.findings is None:
        return []
    found = [
        Finding(
            "warning" if finding.severity == "fault" else "note",
            finding.title[:1].upper() + finding.title[1:],
            finding.evidence,
            finding.remedy,
            train_command(run.manifest.data.name, run.recipe, finding.try_fields) if finding.try_fields else "",
        )
        for finding in evaluation.findings
    ]
    return found or [Finding("good", "The diagnosis found no fault", "Every sign that it looks for was absent.")]
