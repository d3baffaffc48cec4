"""The classes that a conditional run is given with images and codes."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.classes import class_number, class_numbers, one_hot
from isthmus.errors import DataError, UsageError
from isthmus.probability import CONDITION

if TYPE_CHECKING:
    from isthmus.runs.run import Run

Labels = ArrayLike
"""One label, or one of each image `(n,)`: names of classes, or their numbers from 0."""


def condition_of(run: "Run", labels: Labels | None, count: int) -> dict[str, NDArray[np.float32]]:
    """The condition of some images or codes as the graphs take it, one-hot `(count, classes)`; empty without one.

    Args:
        run: The run.
        labels: Their classes; None for the class that the run is fixed to.
        count: How many there are.

    Raises:
        UsageError: If a conditional run has no labels, another run has some, or there is no such class.
        DataError: If there is not one label for each, or labels are neither names nor numbers, such as True.
    """
    if not run.is_conditional:
        if labels is not None:
            raise UsageError(f"{run.path} is not conditional, so it takes no labels. Leave them out.")
        return {}
    labels = run.label if labels is None else labels  # the number of a class
    if labels is None:
        raise UsageError(
            f"{run.path} is conditional: it needs the class of each image. Use images with labels (class folders, or "
            "an .npz with `labels`), or one class for all: --label of encode, reconstruct, sample and plot, or "
            f"labels={run.class_names[0]!r} in Python."
        )
    if isinstance(labels, str | int | np.integer) and not isinstance(labels, bool):
        labels = np.full(count, class_number(labels if isinstance(labels, str) else int(labels), run.class_names))
    numbers = class_numbers(labels, run.class_names)
    if len(numbers) != count:
        raise DataError(f"expected a label for each of {count}; got {len(numbers)}.")
    return {CONDITION: one_hot(numbers, run.recipe.condition.classes)}


def labels_in_turn(run: "Run", count: int) -> NDArray[np.int64] | None:
    """Classes to sample, `(count,)`: the one that a conditional run is fixed to, or all that it was trained on in turn.

    None for a run that is not conditional.
    """
    if not run.is_conditional:
        return None
    classes = np.array(run.trained_labels if run.label is None else [run.label], np.int64)
    return classes[np.arange(count) % len(classes)]
