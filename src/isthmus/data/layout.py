"""From the paths of images to splits, classes and names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from isthmus.data.decoding import SUFFIXES
from isthmus.data.images import ArraySource, Selection
from isthmus.data.pages import as_path
from isthmus.data.source import ImageSource
from isthmus.errors import DataError

_TRAIN, _TEST, _VALIDATION = {"train", "training"}, {"test", "testing"}, {"val", "valid", "validation", "dev"}


@dataclass(frozen=True, eq=False)
class Layout:
    """How images are arranged.

    Attributes:
        is_test: Whether each image is kept apart to test on, `(n,)`; None where the data keeps none.
        labels: The class of each, `(n,)` int64, or None.
        class_names: The name of each class; empty if the classes have none.
        names: A name for each, fit for an output file's stem, unique within its split.
    """

    is_test: NDArray[np.bool_] | None
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]
    names: tuple[str, ...]

    def split(self, source: ImageSource) -> tuple[ImageSource, ImageSource | None]:
        """The images to train on, and those to test on."""
        if self.is_test is None:
            return source, None
        return (
            Selection(source, np.flatnonzero(~self.is_test).astype(np.int64)),
            Selection(source, np.flatnonzero(self.is_test).astype(np.int64)),
        )

    def keep(self, kept: NDArray[np.bool_]) -> "Layout":
        """The same of some of the images."""
        return Layout(
            None if self.is_test is None or not self.is_test[kept].any() else self.is_test[kept],
            None if self.labels is None else self.labels[kept],
            self.class_names,
            tuple(name for name, stays in zip(self.names, kept, strict=True) if stays),
        )


def lay_out(
    paths: Sequence[str],
    labels: Sequence[str | int | None] = (),
    splits: Sequence[str | None] = (),
    class_names: Sequence[str] = (),
    where: str = "the data",
) -> Layout:
    """Arrange images by what is said of them, or else by their folders.

    Where every image lies in a folder, the first folders are the classes.  Where those are `train` and `test` (or
    `val`), or `train` alone, they are splits, and the classes lie below; capitals do not matter.  Images of `val` are
    to test on where there are none of `test`, and for training beside those: validation images are chosen by content.

    Args:
        paths: Relative paths, with `/` between the parts.
        labels: The class of each, where it is known otherwise.
        splits: The split of each, where it is known otherwise: `test`, `val` or another word for one of them; what
            is neither is for training.
        class_names: The names of the classes, by number.
        where: What messages call the whole.

    Raises:
        DataError: If `train` and `test` are not alone.
    """
    inner = [as_path(path) for path in paths]
    is_test = _kept_apart([(split or "").strip().lower() for split in splits])
    labelled = any(label is not None for label in labels)
    if not labelled and not any(splits):
        is_test, inner = _by_folders(inner, where)
    elif not labelled and [path.parts[:-1][:1] for path in inner] == [(split,) for split in splits]:
        inner = _below(inner)
    names = _named(inner, is_test)
    if labelled:
        numbers, found = _numbered(labels, class_names, where)
        return Layout(is_test, numbers, found, names)
    tops = [path.parts[0] if len(path.parts) > 1 else "" for path in inner]
    if not all(tops):
        return Layout(is_test, None, (), names)
    classes, numbers = np.unique(np.array(tops, dtype=np.str_), return_inverse=True)
    return Layout(is_test, numbers.astype(np.int64), tuple(str(name) for name in classes), names)


def make_source(
    pixels: NDArray[np.uint8] | NDArray[np.float32], layout: Layout
) -> tuple[ImageSource, ImageSource | None]:
    """Sources of arrays that hold all images, for training and for testing."""
    return layout.split(ArraySource(pixels, layout.labels, layout.class_names, layout.names))


def _by_folders(paths: list[PurePosixPath], where: str) -> tuple[NDArray[np.bool_] | None, list[PurePosixPath]]:
    tops = [path.parts[0] if len(path.parts) > 1 else "." for path in paths]
    present = set(tops)
    train, test, validation = (
        {top for top in present if top.lower() in known} for known in (_TRAIN, _TEST, _VALIDATION)
    )
    strays = sorted(present - train - test - validation)
    if not train or (strays and not (test or validation)):
        return None, paths
    if strays:
        raise DataError(
            f"{where} holds {'/, '.join(sorted(present - set(strays)))}/, and images elsewhere too: "
            f"{', '.join(strays[:5])}. Move those into one of them, or out of the folder"
        )
    return _kept_apart([top.lower() for top in tops]), _below(paths)


def _below(paths: list[PurePosixPath]) -> list[PurePosixPath]:
    """The paths from their first folders on."""
    return [PurePosixPath(*path.parts[1:]) for path in paths]


def _kept_apart(splits: Sequence[str]) -> NDArray[np.bool_] | None:
    """Which images are to test on: those of a test split, or else those of a validation split; None without either."""
    present = set(splits)
    apart = (present & _TEST) or (present & _VALIDATION)
    return np.array([split in apart for split in splits], bool) if apart else None


def _numbered(
    labels: Sequence[str | int | None], class_names: Sequence[str], where: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    missing = sum(label is None for label in labels)
    if missing:
        raise DataError(
            f"expected a label for every image of {where}, or for none; {missing} of {len(labels)} have none"
        )
    if all(isinstance(label, int) for label in labels):
        numbers = np.array(labels, np.int64)
        known = tuple(class_names)
        if known and len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(known):
            raise DataError(
                f"expected labels from 0 to {len(known) - 1} in {where}; got {numbers.min()} to {numbers.max()}"
            )
        return numbers, known
    classes, numbers = np.unique(np.array([str(label) for label in labels], dtype=np.str_), return_inverse=True)
    return numbers.astype(np.int64), tuple(str(name) for name in classes)


def _named(paths: list[PurePosixPath], is_test: NDArray[np.bool_] | None) -> tuple[str, ...]:
    """Relative paths without their suffix, which joins the name where it alone tells two files apart."""
    names = [""] * len(paths)
    for side in (False, True):
        chosen = [index for index in range(len(paths)) if (is_test is not None and bool(is_test[index])) is side]
        stems = {
            index: _safe(paths[index].with_suffix("") if paths[index].suffix else paths[index]) for index in chosen
        }
        counts: dict[str, int] = {}
        for stem in stems.values():
            counts[stem] = counts.get(stem, 0) + 1
        taken: set[str] = {stem for stem, count in counts.items() if count == 1}
        for index, stem in stems.items():
            if counts[stem] == 1:
                names[index] = stem
                continue
            suffix = paths[index].suffix.removeprefix(".")
            name = base = f"{stem}-{suffix}" if suffix else stem
            number = 1
            while name in taken:
                number += 1
                name = f"{base}-{number}"
            taken.add(name)
            names[index] = name
    return tuple(names)


def _safe(path: PurePosixPath) -> str:
    """A path that stays below a folder, and does not end as an image file does, as output files have their own ends."""
    parts = [part for part in path.parts if part.strip("/") and part not in ("..", ".")]
    if not parts:
        return "image"
    stem, dot, end = parts[-1].rpartition(".")
    if stem and f"{dot}{end}".lower() in SUFFIXES:
        parts[-1] = f"{stem}-{end}"
    return "/".join(parts)
