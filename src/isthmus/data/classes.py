"""Classes by name: labels of one data set in the numbers of another."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.images import Selection
from isthmus.data.source import ImageSource
from isthmus.errors import DataError, UsageError
from isthmus.wording import no_such


def class_names_of(source: ImageSource) -> tuple[str, ...]:
    """The name of each class, by label: its number where classes have no names; empty without labels."""
    if source.labels is None:
        return ()
    return source.class_names or tuple(str(label) for label in range(int(source.labels.max()) + 1))


def class_number(label: str | int, names: tuple[str, ...]) -> int:
    """The number of a class: an integer is the number itself, and a string a name, or else a number.

    Raises:
        UsageError: If there is no such class.
    """
    if isinstance(label, str) and label in names:
        return names.index(label)
    if str(label).isdecimal() and int(label) < len(names):
        return int(label)
    raise UsageError(no_such("label", str(label), names))


def class_numbers(labels: ArrayLike, names: tuple[str, ...]) -> NDArray[np.int64]:
    """The number of each class, int64 `(n,)`.

    Args:
        labels: Names of classes, or their numbers as whole numbers, `(n,)`.
        names: The name of each class.

    Raises:
        UsageError: If there is no class of a name.
        DataError: If labels are neither, or a number is that of no class.
    """
    array = np.asarray(labels)
    if array.ndim == 1 and array.dtype.kind in "US":
        return np.array([class_number(str(label), names) for label in array], np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(
            f"expected labels as names or numbers of classes, (n,); got {array.dtype} of shape {array.shape}."
        )
    unknown = array[(array < 0) | (array >= len(names))]
    if len(unknown):
        raise DataError(
            f"expected labels from 0 to {len(names) - 1}, as the model knows {len(names)} classes; got {unknown[0]}. "
            "Leave images of other classes out."
        )
    return array.astype(np.int64)


def one_hot(numbers: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Numbers of classes `(n,)` as float32 `(n, classes)`: 1 at the number, else 0."""
    return np.asarray(numbers[:, None] == np.arange(classes), np.float32)


def match_classes(source: ImageSource, known: tuple[str, ...]) -> ImageSource:
    """Number the classes of a source as they are numbered in `known`, by name.

    Folders `3`, `7` and `9` have labels 0, 1 and 2; for a run that was trained on ten digits they are 3, 7 and 9.

    Args:
        source: Images with labels or without.  Classes without names are named by their numbers; where none of these
            is in `known`, they are taken for the numbers of `known`.
        known: The class names to number by; empty for none, which leaves the source as it is.

    Returns:
        The same images.  Their `class_names` are those known, followed by the others that images have.
    """
    if source.labels is None or not known or source.class_names == known:
        return source
    present = np.unique(source.labels)
    names = [source.class_names[label] if source.class_names else str(label) for label in present]
    if not source.class_names and not set(names) & set(known):
        names = [known[label] if 0 <= label < len(known) else str(label) for label in present]
    numbering = {name: number for number, name in enumerate((*known, *(name for name in names if name not in known)))}
    numbers = np.array([numbering[name] for name in names], np.int64)
    labels = numbers[np.searchsorted(present, source.labels)]
    return _Renumbered(source, np.arange(len(source)), labels, tuple(numbering))


def of_one_class(source: ImageSource, number: int, known: tuple[str, ...]) -> ImageSource:
    """Give all images of a source the class of a number among those that are known."""
    return _Renumbered(source, np.arange(len(source)), np.full(len(source), number), known)


@dataclass(frozen=True, eq=False, repr=False)
class _Renumbered(Selection):
    """All images of a source, with labels of their own."""

    own_labels: NDArray[np.int64]
    own_class_names: tuple[str, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class, by label."""
        return self.own_class_names

    @cached_property
    def labels(self) -> NDArray[np.int64] | None:
        """The class of each image, `(n,)`."""
        return self.own_labels
