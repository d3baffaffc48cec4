"""What `isthmus evaluate` found of a run, for its report."""

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.evaluation.diagnosis import Finding
from isthmus.evaluation.result import DIAGNOSIS, format_value
from isthmus.evaluation.store import newest_evaluation
from isthmus.report import Table
from isthmus.runs import Run


@dataclass(frozen=True)
class Evaluated:
    """An evaluation, as a page shows it.

    Attributes:
        tables: Its metrics, part by part.
        findings: Its diagnosis, where this machine made it and on held-out images of the run's own data; else nothing.
        note: What it was measured on, when and by what, and whether this machine did.
    """

    tables: Sequence[Table]
    findings: Sequence[Finding]
    note: str


def read_evaluated(run: Run) -> Evaluated | None:
    """Read the newest evaluation that a run holds, if it is of the weights that the run has now; else None."""
    newest = newest_evaluation(run)
    if newest is None:
        return None
    tables = [
        Table(
            section.title,
            ("metric", "value", "what it means"),
            [(row.name, format_value(row.value, row.standard_error, row.unit), row.meaning) for row in section.rows],
            note=section.note,
        )
        for section in newest.sections
    ]
    split = "" if newest.split == "all" else f"{newest.split} "
    what = f"On the {newest.images:,} {split}images of {newest.data}."
    origins = "; ".join(dict.fromkeys(entry.note for entry in newest.provenance.values()))
    note = " ".join(filter(None, (what, newest.overlap, f"{origins[:1].upper()}{origins[1:]}.", newest.not_tested)))
    diagnosed = newest.provenance.get(DIAGNOSIS)
    own = newest.data == run.manifest.data.name and not newest.trained_on
    counts = own and diagnosed is not None and diagnosed.origin != "unverified"
    return Evaluated(tables, newest.findings or () if counts else (), note)
