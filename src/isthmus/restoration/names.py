"""What the files of all answers are called, settled before the first is written and whatever their order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from isthmus.data import Task
from isthmus.data.decode.pages import as_path
from isthmus.errors import DataError
from isthmus.restoration.formats import FORMATS


@dataclass(frozen=True)
class AnswerNames:
    """The files of one picture's answer, by their paths within the folder of all.

    Attributes:
        answer: The answer itself.
        stem: What the names of the files beside it begin with.
    """

    answer: PurePosixPath
    stem: str

    def draw(self, number: int) -> PurePosixPath:
        """One of several answers, counted from 1."""
        return self.answer.with_name(f"{self.stem}-{number}{self.answer.suffix}")

    @property
    def uncertainty(self) -> PurePosixPath:
        """A picture of how far several answers differ."""
        return self.answer.with_name(f"{self.stem}-uncertainty.png")

    @property
    def overlay(self) -> PurePosixPath:
        """A segmentation laid over its picture."""
        return self.answer.with_name(f"{self.stem}-overlay.png")

    def files(self, task: Task, draws: int | None) -> tuple[PurePosixPath, ...]:
        """All that is written."""
        several = () if draws is None else (*(self.draw(number + 1) for number in range(draws)), self.uncertainty)
        return (self.answer, *several, *((self.overlay,) if task.class_values else ()))


@dataclass(frozen=True)
class Settled:
    """The names of all answers by those of their pictures, and what a user should know of them, a line each."""

    names: Mapping[str, AnswerNames]
    notices: tuple[str, ...]


def settle_names(pictures: Sequence[str], sizes: Sequence[tuple[int, int]], task: Task, draws: int | None) -> Settled:
    """Name the answers: each as its picture, but for a format that cannot hold it, and for names that meet.

    Where files of two answers would have one name, those beside them begin with the picture's whole name, suffix and
    all, and so does an answer that is of another format than its picture: `cat.gif.png` beside `cat.png`.

    Args:
        pictures: Their names, with `/` between the parts.
        sizes: Height and width of each answer.
        task: What is made of the pictures.
        draws: How many answers are drawn of each, if any.

    Raises:
        DataError: If there is no telling names apart.
    """
    reasons: dict[str, list[str]] = {}
    short: dict[str, AnswerNames] = {}
    long: dict[str, AnswerNames] = {}
    for name, size in zip(pictures, sizes, strict=True):
        path = _within(name)
        suffix, reason = _suffix(path.suffix, size, task)
        if reason:
            reasons.setdefault(reason, []).append(name)
        answer = path if suffix == path.suffix else path.with_suffix(suffix)
        short[name] = AnswerNames(answer, answer.stem)
        whole = path if suffix == path.suffix else path.with_name(path.name + suffix)
        long[name] = AnswerNames(whole, path.name)
    if len(short) < len(pictures):
        twice = next(name for name, count in Counter(pictures).items() if count > 1)
        raise DataError(f"expected pictures of different names; '{twice}' is there more than once. Rename one")
    meeting = {name for names in _meeting(short, task, draws).values() for name in names}
    names = {name: long[name] if name in meeting else short[name] for name in short}
    if still := _meeting(names, task, draws):
        path, both = next(iter(still.items()))
        raise DataError(
            f"expected names that leave each file of the answers its own; '{path}' would be one of "
            f"{' and of '.join(repr(name) for name in both)}. Rename one, or restore them to different folders"
        )
    notices = [_notice(f"are written as PNG: {reason}", changed, names) for reason, changed in reasons.items()]
    longer = sorted(name for name in meeting if long[name].files(task, draws) != short[name].files(task, draws))
    if longer:
        notices.append(_notice("have longer names, as others' files would have theirs", longer, names))
    return Settled(names, tuple(notices))


def _within(name: str) -> PurePosixPath:
    """A path that stays in its folder, whatever a table says where its pictures lie."""
    path = as_path(name)
    return PurePosixPath(*(part for part in path.parts if part not in (path.anchor, "..")))


def _suffix(suffix: str, size: tuple[int, int], task: Task) -> tuple[str, str]:
    """The suffix of an answer, and why it is not its picture's, in words, where these should be told."""
    kind = FORMATS.get(suffix.lower())
    if task.class_values:  # always a mask with a palette
        return (suffix if suffix.lower() == ".png" else ".png"), ""
    if kind is None:
        return ".png", f"isthmus writes no {suffix.lower()} files" if suffix else "their pictures' names say no format"
    if task.keeps_pixels and kind.exact is None:
        return ".png", f"{kind.name} would change what is known of them"
    if max(size) > kind.longest:
        return ".png", f"{kind.name} has no sides of more than {kind.longest:,} pixels"
    return suffix, ""


def _meeting(names: Mapping[str, AnswerNames], task: Task, draws: int | None) -> dict[PurePosixPath, list[str]]:
    """Files that are of several answers, and the pictures of these."""
    owners: dict[PurePosixPath, list[str]] = {}
    for name, files in names.items():
        for path in files.files(task, draws):
            owners.setdefault(path, []).append(name)
    return {path: several for path, several in owners.items() if len(several) > 1}


def _notice(what: str, pictures: Sequence[str], names: Mapping[str, AnswerNames]) -> str:
    first = pictures[0]
    return f"{len(pictures)} of {len(names)} answers {what}. That of '{first}' is '{names[first].answer}'"
