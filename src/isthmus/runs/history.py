"""The loss curves of a run."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import RunError
from isthmus.inputs import MOST_TEXT_BYTES, read_regular
from isthmus.runs.folder import HISTORY, read_file
from isthmus.runs.manifest import Manifest

_NO_TERMS = frozenset({"epoch", "step", "seconds", "learning_rate", "mse"})


def loss_terms(columns: Iterable[str]) -> list[str]:
    """The loss and the terms that it is made of, among the columns of a history; of training alone."""
    terms = {name for name in columns if not name.startswith("val_")} - _NO_TERMS
    return sorted(terms, key=lambda name: (name != "loss", name))


def recorded_history(folder: Path, manifest: Manifest) -> dict[str, NDArray[np.float64]]:
    """Read the history of a run as `read_history` does; nothing where training ended within its first epoch."""
    return read_history(folder, manifest) if HISTORY in manifest.files else {}


def read_history(folder: Path, manifest: Manifest) -> dict[str, NDArray[np.float64]]:
    """Read `history.csv`, of a finished run or of one that is being trained.

    Returns:
        Columns by name, each `(epochs,)`, epochs 1 or more: `epoch`, `step`, `seconds`, `learning_rate`, and the losses
        and their terms, nats per image, with `val_` before those of validation.  An empty cell is NaN.

    Raises:
        RunError: If there is none yet, or it is damaged.
    """
    path = folder / HISTORY
    if HISTORY in manifest.files:
        content = read_file(folder, HISTORY, manifest)
    elif path.exists():
        try:
            content = read_regular(path, MOST_TEXT_BYTES)
        except OSError as error:
            raise RunError(f"{path} cannot be read ({error.strerror}). Restore it from a copy.") from None
    else:
        raise RunError(f"{folder} has no {HISTORY}: it has not finished an epoch.")
    try:
        rows = list(csv.DictReader(content.decode("utf-8", errors="replace").splitlines()))
        columns = {name: np.array([float("nan" if row[name] == "" else row[name]) for row in rows]) for name in rows[0]}
    except (IndexError, TypeError, ValueError, csv.Error):
        raise RunError(f"{path} is truncated, or not a table of numbers. Restore it from a copy.") from None
    return columns
