"""From the paths of images to splits, classes and names."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, compress
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from isthmus.data.decode.entries import Collection
from isthmus.data.decode.formats import SUFFIXES
from isthmus.data.decode.pages import as_path
from isthmus.data.images import ArraySource, Selection
from isthmus.data.sets import Skipped
from isthmus.data.source import ImageSource
from isthmus.errors import DataError

STRAY_SHARE = 0.1
"""The share of the images that may lie outside the class folders and be left out."""
_TRAIN, _TEST, _VALIDATION = {"train", "training"}, {"test", "testing"}, {"val", "valid", "validation", "dev"}


@dataclass(frozen=True, eq=False)
class Layout:
    """How images are arranged.

    Attributes:
        is_test: Whether each image is kept apart to test on, `(n,)`; None where the data keeps none.
        labels: The class of each, `(n,)` int64, or None; -1 for all images of a split without classes.
        class_names: The name of each class; empty if the classes have none.
        names: A name for each, fit for an output file's stem, unique within its split.
        paths: Each as its collection lists it.
        strays: Which images lie outside the class folders, few enough to leave them out, `(n,)`.
        left_out: Strays that were left out already.
        notices: What was done about images without a class, a sentence each.
    """

    is_test: NDArray[np.bool_] | None
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    paths: tuple[str, ...]
    strays: NDArray[np.bool_]
    left_out: tuple[Skipped, ...] = ()
    notices: tuple[str, ...] = ()

    def split(self, source: ImageSource) -> tuple[ImageSource, ImageSource | None]:
        """The images to train on, and those to test on."""
        if self.is_test is None:
            return source, None
        return self._side(source, ~self.is_test), self._side(source, self.is_test)

    def of_split(self, split: str | None, where: str) -> NDArray[np.bool_]:
        """Which images are of a split, `(n,)`.

        Args:
            split: `train` or `test`; None for the images to test on, or all where the data keeps none apart.
            where: What messages call the data.

        Raises:
            DataError: If it has no such images.
        """
        if self.is_test is None and split != "test":
            return np.ones(len(self.names), bool)
        chosen = ~self.is_test if split == "train" and self.is_test is not None else self.is_test
        if chosen is None or not chosen.any():
            raise empty_split(split or "test", where)
        return chosen

    def _side(self, source: ImageSource, chosen: NDArray[np.bool_]) -> Selection:
        labelled = self.labels is None or not (self.labels[chosen] < 0).any()
        return Selection(source, np.flatnonzero(chosen).astype(np.int64), labelled=labelled)

    def keep(self, kept: NDArray[np.bool_]) -> "Layout":
        """The same of some of the images."""
        return replace(
            self,
            is_test=None if self.is_test is None or not self.is_test[kept].any() else self.is_test[kept],
            labels=None if self.labels is None else self.labels[kept],
            names=tuple(compress(self.names, kept)),
            paths=tuple(compress(self.paths, kept)),
            strays=self.strays[kept],
        )


def empty_split(split: str, where: str) -> DataError:
    """The error for a split, `train` or `test`, of which data has no images."""
    if split == "train":
        return DataError(f"all images of '{where}' are test images. Use it without ':train'")
    return DataError(f"'{where}' has no test images: it is not split. Use it without ':test'")


def lay_out(
    paths: Sequence[str],
    labels: Sequence[str | int | None] = (),
    splits: Sequence[str | None] = (),
    class_names: Sequence[str] = (),
    where: str = "the data",
) -> Layout:
    """Arrange images by what is said of them, or else by their folders.

    Where images lie in folders, the first folders are the classes.  A few images outside them are strays; a split with
    more than `STRAY_SHARE` outside has no classes.  Where the first folders are `train` and `test` (or `val`), or
    `train` alone, they are splits, and the classes lie below; capitals do not matter.  Images of `val` are to test on
    where there are none of `test`, and for training beside those: validation images are chosen by content.

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
    given = labels if labelled else [path.parts[0] if len(path.parts) > 1 else None for path in inner]
    bare = np.array([label is None for label in given], bool)
    strays, notices = np.zeros(len(bare), bool), []
    for side, chosen in _sides(is_test, len(bare)):
        count, total = int((bare & chosen).sum()), int(chosen.sum())
        if labelled and 0 < count < total:
            raise DataError(
                f"expected a label for every image of {where}, or for none; {count} of {total} {side}have none"
            )
        if 0 < count <= STRAY_SHARE * total:
            strays |= bare & chosen
            notices.append(_outside(count, total, side, where, "left out"))
        elif count:
            if count < total:
                notices.append(_outside(count, total, side, where, "too many to leave out, so none has a label"))
            elif not bare.all():
                notices.append(f"the {total:,} {side}images of {where} have no labels, and the others have")
            bare |= chosen
    numbers = np.full(len(bare), -1, np.int64)
    numbers[~bare], found = _numbered(list(compress(given, ~bare)), class_names if labelled else (), where)
    return Layout(is_test, None if bare.all() else numbers, found, names, tuple(paths), strays, notices=tuple(notices))


def lay_out_collection(
    collection: Collection, names: list[str], labels: Sequence[str | int | None], splits: Sequence[str | None]
) -> Layout:
    """Arrange the images of a collection by the names, labels and splits of its entries.

    A folder around everything in an archive is no class and no split, unless it is `train`.

    Raises:
        DataError: As `lay_out` does.
    """
    inner = _without_common_folder(names) if collection.is_archive else names
    layout = lay_out(inner, labels, splits, collection.class_names, f"'{collection.name}'")
    return replace(layout, paths=tuple(names))


def make_source(
    pixels: NDArray[np.uint8] | NDArray[np.float32], layout: Layout
) -> tuple[ImageSource, ImageSource | None]:
    """Sources of arrays that hold all images, for training and for testing."""
    # What a split without classes has for labels is never given out.
    labels = None if layout.labels is None else np.maximum(layout.labels, 0)
    return layout.split(ArraySource(pixels, labels, layout.class_names, layout.names, paths=layout.paths))


def _without_common_folder(names: list[str]) -> list[str]:
    """Take away the folder that is around everything, unless it is a split."""
    tops = {name.partition("/")[0] if "/" in name else "" for name in names}
    if len(tops) != 1 or "" in tops or {top.lower() for top in tops} <= {"train", "training"}:
        return names
    return [name.partition("/")[2] for name in names]


def _sides(is_test: NDArray[np.bool_] | None, count: int) -> list[tuple[str, NDArray[np.bool_]]]:
    """The splits, each by its name and which images it has; the whole has no name."""
    if is_test is None:
        return [("", np.ones(count, bool))]
    return [("training ", ~is_test), ("test ", is_test)]


def _outside(count: int, total: int, side: str, where: str, outcome: str) -> str:
    lie = "lies" if count == 1 else "lie"
    return f"{count:,} of {total:,} {side}images of {where} {lie} outside the class folders: {outcome}"


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
        counts = Counter(stems.values())
        taken = {stem for stem, times in counts.items() if times == 1}
        for index, stem in stems.items():
            name = stem
            if counts[stem] > 1:
                suffix = paths[index].suffix.removeprefix(".")
                base = f"{stem}-{suffix}" if suffix else stem
                numbered = (f"{base}-{number}" for number in range(2, len(paths) + 2))
                name = next(name for name in chain([base], numbered) if name not in taken)
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
