"""Memory that runs out in a training."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from isthmus.errors import TrainingError

_RAN_OUT = re.compile(
    r"out of ?memory|allocate memory|unable to allocate|resource_?exhausted|\boom\b|memoryerror", re.I
)
"""What the errors of NumPy and of all backends have in common; no class is."""


@contextmanager
def memory_explained() -> Iterator[None]:
    """Turn whatever a framework raises where memory runs out into an error that names what to lower.

    Raises:
        TrainingError: If memory ran out.
    """
    try:
        yield
    except Exception as error:
        if not _RAN_OUT.search(f"{type(error).__name__}: {error}"):
            raise
        raise TrainingError(
            "a step of the training needs more memory than there is: lower training.batch_size (training.accumulation "
            "makes up for it), objective.draws or the filters of the network"
        ) from error
