"""The report of a run: gather what is known of it, draw it, and write one page."""

import json
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus import report
from isthmus.data import Data, ImageSource, select
from isthmus.errors import DataError, RunError, UsageError
from isthmus.runs import Run, folder
from isthmus.runs.history import read_history
from isthmus.scores import Scores, as_pixels, score
from isthmus.storage import require_free, write_text
from isthmus.wording import spell_seconds
from isthmus.workflows import illustrating
from isthmus.workflows.display import spread
from isthmus.workflows.next_steps import next_steps
from isthmus.workflows.reopening import KeptAside, reopen
from isthmus.workflows.views import tells_of

REPORT = "report.html"
MOST_SCORED = 10_000
"""Images that are scored for the best and the worst, at most."""


@dataclass(frozen=True)
class Seen:
    """A run's images with what the run makes of them.

    Attributes:
        source: The images, in an order of their own.
        what: What they are, in words.
        scores: Of each.
        posterior: Of each, by parameter, `(n, d)`.
        pixel_variance: The mean over pixels of the variance over images, pixels from 0 to 1.
    """

    source: ImageSource
    what: str
    scores: Scores
    posterior: dict[str, NDArray[np.float32]]
    pixel_variance: float


def write_report(run: Run, data: Data | None = None, out: Path | None = None, images: KeptAside | None = None) -> Path:
    """Write a run's report: one HTML page that needs nothing else.

    Args:
        run: The run.
        data: Where its images are now, or others; by default its own test images, by their name.  Where those cannot be
            found, the page does without and says so.
        out: Where to; must not exist.  By default `report.html` in the run, where an older one is replaced.
        images: The images themselves, where the caller has them open.

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
    place = out or run.path / REPORT
    write_text(place, report.render(describe(run, data, images)))
    return place


def describe(run: Run, data: Data | None = None, images: KeptAside | None = None) -> report.Page:
    """Gather the parts of a run's report; see `write_report`."""
    missing = ""
    try:
        found = images or reopen(run, data)
    except DataError as error:
        if data is not None:
            raise
        found, missing = None, f"{str(error)[:1].upper()}{str(error)[1:]}"
    return _Story(run, None if found is None else _look(run, found), missing).page()


def _look(run: Run, found: KeptAside) -> Seen:
    source = select(found.source, spread(len(found.source), MOST_SCORED))
    scores = score(run, source, run.recipe.training.seed)
    pixels = source.read(np.arange(len(source)))
    posterior = run.encode(pixels)
    # Two passes over a few images at a time would be flat in memory; these are at most `MOST_SCORED`.
    variance = float(np.mean(np.var(as_pixels(pixels, run.recipe.pixels), axis=0)))
    return Seen(source, found.what, scores, posterior, variance)
