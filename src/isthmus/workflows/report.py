"""The report of a run: open the run's images, examine it on them, and write the page."""

from pathlib import Path

from isthmus import report
from isthmus.data import Data
from isthmus.errors import DataError, UsageError
from isthmus.evaluation.diagnosis import Diagnosis
from isthmus.runs import Run, folder
from isthmus.storage import require_free, write_text
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.diagnosis import diagnose_quickly, measure
from isthmus.workflows.equal_size import measure_equal_size
from isthmus.workflows.provenance import location_of


def write_report(
    run: Run,
    data: Data | None = None,
    out: Path | None = None,
    diagnosis: Diagnosis | None = None,
) -> Path:
    """Write a run's report: one HTML page that needs no other file.

    Args:
        run: The run.
        data: Other images, or the place of the run's own; by default its own test images.  If those cannot be found,
            the page says so and leaves out what needs them.
        out: The file to write; must not exist.  By default `report.html` in the run, where an older one is replaced.
        diagnosis: The diagnosis with its measurements, if it was made already.

    Raises:
        UsageError: If `out` exists or is no `.html`, or there is no such data.
        DataError: If `data` holds images of another shape.
        RunError: If a file of the run is damaged.
        StorageError: If the page cannot be written.
    """
    if out is not None:
        if out.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"expected --out to end in .html; got {out.name!r}")
        require_free(out)
    target = out or run.path / folder.REPORT
    write_text(target, report.render(page_of(run, data, diagnosis)))
    return target


def page_of(run: Run, data: Data | None = None, diagnosis: Diagnosis | None = None) -> report.Page:
    """Assemble the page of a run's report; arguments and errors are those of `write_report`."""
    missing = ""
    if diagnosis is None:
        measured = None
        try:
            measured = measure(run, open_held_out(run, data, training_too=True))
        except DataError as error:
            if data is not None:
                raise
            missing = f"{str(error)[:1].upper()}{str(error)[1:]}"
        diagnosis = diagnose_quickly(run, measured)
    equal_size = None if diagnosis.measured is None else measure_equal_size(diagnosis.measured)
    location = location_of(run.manifest.data)
    return report.assemble(run, diagnosis, location=location, missing=missing, equal_size=equal_size)
