"""Metrics of several runs on the same images, and how sure each difference is."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.evaluation.result import format_value


@dataclass(frozen=True)
class ComparedRow:
    """One metric of every run.

    Attributes:
        part: The part of an evaluation that it belongs to.
        key: Its stable name, for machines.
        name: Its name, for readers.
        unit: Its unit; empty for a pure number.
        values: The value of each run; None where a run has none.
        standard_errors: The standard error of each, over images.
        differences: Each run's value less the first run's, paired image by image; None for the first run, for a metric
            that is no mean over images, and where the two measure different things.
        difference_errors: The standard error of each difference: of paired differences, so that what makes an image
            hard for both runs does not blur it.
        meaning: What the metric says.
    """

    part: str
    key: str
    name: str
    unit: str
    values: tuple[float | None, ...]
    standard_errors: tuple[float | None, ...]
    differences: tuple[float | None, ...]
    difference_errors: tuple[float | None, ...]
    meaning: str


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: Their folders' names; the first is what the others differ from.
        recipes: The names of their recipes.
        data: The name of the images.
        split: Their split: `test`, `validation` or `all`.
        images: The number of images.
        rows: The metrics.
        notes: What must be known to read them.
        sheet: uint8 `(H, W, 3)`: a row of images (of a task, of targets), and a row of what each run makes of them.
    """

    runs: tuple[str, ...]
    recipes: tuple[str, ...]
    data: str
    split: str
    images: int
    rows: tuple[ComparedRow, ...]
    notes: tuple[str, ...]
    sheet: NDArray[np.uint8]

    def __getitem__(self, key: str) -> ComparedRow:
        """The row of that key.

        Raises:
            KeyError: If there is none.
        """
        return {row.key: row for row in self.rows}[key]

    def as_table(self) -> tuple[tuple[str, ...], ...]:
        """Every metric as texts: its name, each run's value, and each later run's difference from the first."""
        return tuple(
            (
                row.name,
                *(format_value(*pair, row.unit) for pair in zip(row.values, row.standard_errors, strict=True)),
                *(
                    "" if difference is None else format_value(difference, error, row.unit)
                    for difference, error in list(zip(row.differences, row.difference_errors, strict=True))[1:]
                ),
            )
            for row in self.rows
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, fit for JSON; without the sheet."""
        return {
            "runs": list(self.runs),
            "recipes": list(self.recipes),
            "data": self.data,
            "split": self.split,
            "images": self.images,
            "rows": [asdict(row) for row in self.rows],
            "notes": list(self.notes),
        }
