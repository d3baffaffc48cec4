"""Metrics as rows of a table: name, value, standard error and meaning."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.units import Estimate, bits_per_dim


@dataclass(frozen=True)
class Row:
    """One metric.

    Attributes:
        key: Its stable name, for machines.
        name: Its name, for readers.
        value: The value; None where there is none, and the meaning says why.
        standard_error: Over images, where it is a mean of them.
        unit: Its unit; empty for a pure number.
        meaning: A sentence that explains it, and says on which images it was measured where not on all.
    """

    key: str
    name: str
    value: float | None
    standard_error: float | None = None
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Section:
    """The metrics of one part, and a note on all of them."""

    key: str
    title: str
    rows: tuple[Row, ...]
    note: str = ""

    def __getitem__(self, key: str) -> Row:
        """The row of that key.

        Raises:
            KeyError: If there is none.
        """
        return {row.key: row for row in self.rows}[key]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Section":
        """Read what `to_json` gave."""
        rows = tuple(Row(**row) for row in values["rows"])
        return cls(values["key"], values["title"], rows, values["note"])

    def to_json(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return asdict(self)


def value_row(key: str, name: str, value: float | None, meaning: str, unit: str = "") -> Row:
    """The row of a value without a standard error."""
    return Row(key, name, value, None, unit, meaning)


def mean_row(key: str, name: str, values: NDArray[np.floating], unit: str, meaning: str) -> Row:
    """The row of a mean over images, `(n,)`."""
    return estimate_row(key, name, Estimate.of(values), unit, meaning)


def estimate_row(key: str, name: str, estimate: Estimate, unit: str, meaning: str) -> Row:
    """The row of a mean that is known already."""
    return Row(key, name, estimate.mean, finite(estimate.standard_error), unit, meaning)


def nats_rows(
    key: str, name: str, nats: NDArray[np.floating], dims: int, meaning: str, *, cost: bool = True
) -> list[Row]:
    """Two rows for one metric: nats per image, and bits per dimension of the image.

    Args:
        key: The key of both, to which `_nats` and `_bits_per_dim` are appended.
        name: The name of both.
        nats: Nats of each image, `(n,)`.
        dims: The numbers in one image.
        meaning: The meaning of both.
        cost: Whether the nats are a cost, a negative log-probability; the bits are one even where the nats are not.
    """
    estimate = Estimate.of(nats)
    error = finite(estimate.standard_error)
    cost_nats = estimate.mean if cost else -estimate.mean
    return [
        Row(f"{key}_nats", name, estimate.mean, error, "nats", meaning),
        Row(
            f"{key}_bits_per_dim",
            f"{name}, bits" if cost else f"{name}, bits (less is better)",
            bits_per_dim(cost_nats, dims),
            None if error is None else bits_per_dim(error, dims),
            "bits/dim",
            f"The same{'' if cost else ' as a cost'}, in bits for each of the {dims} numbers in an image.",
        ),
    ]


def share_row(key: str, name: str, share: float, count: int, meaning: str) -> Row:
    """The row of a share of `count` independent cases, with its binomial standard error."""
    return Row(key, name, share, math.sqrt(share * (1.0 - share) / count) if count else None, "", meaning)


def finite(value: float) -> float | None:
    """The number, or None for one that JSON cannot hold."""
    return value if math.isfinite(value) else None
