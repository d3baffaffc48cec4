"""The results of `isthmus evaluate` that a run holds."""

from isthmus.evaluation.result import DIAGNOSIS, format_value
from isthmus.evaluation.store import newest_evaluation
from isthmus.report.page import EvaluationResults, TextTable
from isthmus.runs import Run
from isthmus.wording import spell_images


def read_results(run: Run) -> EvaluationResults | None:
    """Read the newest evaluation of a run; None without one of the weights that the run has now."""
    newest = newest_evaluation(run)
    if newest is None:
        return None
    tables = [
        TextTable(
            section.title,
            ("metric", "value", "meaning"),
            [(row.name, format_value(row.value, row.standard_error, row.unit), row.meaning) for row in section.rows],
            note=section.note,
        )
        for section in newest.sections
    ]
    split = "" if newest.split == "all" else f"{newest.split} "
    what = f"On the {spell_images(newest.images, f'{split}images of {newest.data}')}."
    origins = "; ".join(dict.fromkeys(entry.note for entry in newest.provenance.values()))
    note = " ".join(filter(None, (what, newest.overlap, f"{origins[:1].upper()}{origins[1:]}.", newest.not_tested)))
    diagnosed = newest.provenance.get(DIAGNOSIS)
    own = newest.data == run.manifest.data.name and not newest.trained_on
    counts = own and diagnosed is not None and diagnosed.origin != "unverified"
    return EvaluationResults(tables, newest.findings or () if counts else (), note)
