"""The loss curves of a run."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import RunError
from isthmus.runs.folder import HISTORY, read_file
from isthmus.runs.manifest import Manifest


def read_history(folder: Path, manifest: Manifest) -> dict[str, NDArray[np.float64]]:
    """Read `history.csv`, of a finished run or of one that is being trained.

    Returns:
        Columns by name, each `(epochs,)`, epochs 1 or more: `epoch`, `step`, `seconds`, `learning_rate`, and the losses
        and their terms, nats per image, with `val_` before those of validation.  An empty cell is NaN.

    Raises:
        RunError: If there is none yet, or it is torn.
    """
    path = folder / HISTORY
    if HISTORY in manifest.files:
        text = read_file(folder, HISTORY, manifest).decode("utf-8", errors="replace")
    elif path.is_file():
        text = path.read_text(encoding="utf-8", errors="replace")
    else:
        raise RunError(f"{folder} has no {HISTORY}: it has not finished an epoch.")
    rows = list(csv.DictReader(text.splitlines()))
    try:
        columns = {name: np.array([float("nan" if row[name] == "" else row[name]) for row in rows]) for name in rows[0]}
    except (IndexError, TypeError, ValueError):
        raise RunError(f"{path} is torn, or no table of numbers. Restore it from a copy.") from None
    return columns
