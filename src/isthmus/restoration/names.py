"""The names of all result files, settled before the first is written and independent of their order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from isthmus.data import Task
from isthmus.data.decode.pages import as_path
from isthmus.errors import DataError
from isthmus.restoration.formats import FORMATS


@dataclass(frozen=True)
class ResultNames:
    """The files of one image's result, by their paths within the folder of all.

    Attributes:
        result: The result itself.
        stem: What the names of its other files begin with.
    """

    result: PurePosixPath
    stem: str

    def draw(self, number: int) -> PurePosixPath:
        """One of several results, counted from 1."""
        return self.result.with_name(f"{self.stem}-{number}{self.result.suffix}")

    @property
    def uncertainty(self) -> PurePosixPath:
        """The image of how far draws differ."""
        return self.result.with_name(f"{self.stem}-uncertainty.png")

    @property
    def overlay(self) -> PurePosixPath:
        """A segmentation laid over its image."""
        return self.result.with_name(f"{self.stem}-overlay.png")

    def files(self, task: Task, draws: int | None) -> tuple[PurePosixPath, ...]:
        """All files that are written."""
        several = () if draws is None else (*(self.draw(number + 1) for number in range(draws)), self.uncertainty)
        return (self.result, *several, *((self.overlay,) if task.class_values else ()))


@dataclass(frozen=True)
class Settled:
    """The names of all results by those of their images, and what a user should know of them, a line each."""

    names: Mapping[str, ResultNames]
    notices: tuple[str, ...]


def settle_names(images: Sequence[str], sizes: Sequence[tuple[int, int]], task: Task, draws: int | None) -> Settled:
    """Name each result as its image, except where the format cannot hold it or two names would meet.

    Where files of two results would have the same name, their names begin with the image's whole name and suffix:
    `cat.gif.png` beside `cat.png`.

    Args:
        images: Their names, with `/` between the parts.
        sizes: Height and width of each result.
        task: The run's task.
        draws: The number of draws of each, if any.

    Raises:
        DataError: If names cannot be told apart.
    """
    reasons: dict[str, list[str]] = {}
    short: dict[str, ResultNames] = {}
    long: dict[str, ResultNames] = {}
    for name, size in zip(images, sizes, strict=True):
        path = _within(name)
        suffix, reason = _suffix(path.suffix, size, task)
        if reason:
            reasons.setdefault(reason, []).append(name)
        result = path if suffix == path.suffix else path.with_suffix(suffix)
        short[name] = ResultNames(result, result.stem)
        whole = path if suffix == path.suffix else path.with_name(path.name + suffix)
        long[name] = ResultNames(whole, path.name)
    if len(short) < len(images):
        twice = next(name for name, count in Counter(images).items() if count > 1)
        raise DataError(f"expected images of different names; '{twice}' is there more than once. Rename one")
    meeting = {name for names in _meeting(short, task, draws).values() for name in names}
    names = {name: long[name] if name in meeting else short[name] for name in short}
    if still := _meeting(names, task, draws):
        path, both = next(iter(still.items()))
        raise DataError(
            f"expected names that leave each file of the results its own; '{path}' would be one of "
            f"{' and of '.join(repr(name) for name in both)}. Rename one, or restore them to different folders"
        )
    notices = [_notice(f"are written as PNG: {reason}", changed, names) for reason, changed in reasons.items()]
    longer = sorted(name for name in meeting if long[name].files(task, draws) != short[name].files(task, draws))
    if longer:
        notices.append(_notice("have longer names, as files of other results would have the same", longer, names))
    return Settled(names, tuple(notices))


def _within(name: str) -> PurePosixPath:
    """A path that stays in its folder, whatever a table says where its images lie."""
    path = as_path(name)
    return PurePosixPath(*(part for part in path.parts if part not in (path.anchor, "..")))


def _suffix(suffix: str, size: tuple[int, int], task: Task) -> tuple[str, str]:
    """The suffix of a result, and a reason to report where it is not its image's, or nothing."""
    kind = FORMATS.get(suffix.lower())
    if task.class_values:  # always a mask with a palette
        return (suffix if suffix.lower() == ".png" else ".png"), ""
    if kind is None:
        return ".png", f"isthmus writes no {suffix.lower()} files" if suffix else "their images' names have no format"
    if task.keeps_pixels and kind.exact is None:
        return ".png", f"{kind.name} would change their known pixels"
    if max(size) > kind.longest:
        return ".png", f"{kind.name} has no sides of more than {kind.longest:,} pixels"
    return suffix, ""


def _meeting(names: Mapping[str, ResultNames], task: Task, draws: int | None) -> dict[PurePosixPath, list[str]]:
    """Files that belong to several results, and the images of these."""
    owners: dict[PurePosixPath, list[str]] = {}
    for name, files in names.items():
        for path in files.files(task, draws):
            owners.setdefault(path, []).append(name)
    return {path: several for path, several in owners.items() if len(several) > 1}


def _notice(what: str, images: Sequence[str], names: Mapping[str, ResultNames]) -> str:
    first = images[0]
    return f"{len(images)} of {len(names)} results {what}. That of '{first}' is '{names[first].result}'"
