"""Finding the images to evaluate a run on: held-out ones, and the training images."""

from dataclasses import dataclass

from isthmus.data import DATASETS, Data, ImageSource, match_classes
from isthmus.data.named.catalogue import is_named
from isthmus.data.places import recall_place
from isthmus.errors import DataError, IsthmusError, UsageError
from isthmus.runs import Run
from isthmus.workflows.preparation import Prepared, open_for_task, prepare

MOST_NAMED = 5
"""Unknown classes that are named, at most."""


@dataclass(frozen=True)
class HeldOut:
    """Images to evaluate a run on.

    Attributes:
        name: What the data is called.
        split: `test`, `validation` (of a run whose data had no test images), `training` (of one whose data had neither,
            where those will do), or `all` images of other data.
        images: Those to evaluate on; their classes are numbered as the run's, by name, and then those it does not know.
        train: Those that the run learned from, or None where they are not at hand.
        unknown_classes: Names of classes that images have and the run does not know.
    """

    name: str
    split: str
    images: ImageSource
    train: ImageSource | None
    unknown_classes: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The images in words: `test images of digits`, with the classes that the run does not know."""
        what = f"{'' if self.split == 'all' else f'{self.split} '}images of {self.name}"
        if not self.unknown_classes:
            return what
        few, more = self.unknown_classes[:MOST_NAMED], len(self.unknown_classes) - MOST_NAMED
        return f"{what} (classes unknown to the run: {', '.join(few)}{f' and {more} more' if more > 0 else ''})"


def find_held_out(
    run: Run, data: Data | None = None, *, hint: str = "", training_too: bool = False, targets: Data | None = None
) -> HeldOut:
    """Open the run's own test split again, or other images.

    Args:
        run: What will be evaluated.
        data: None for the data that the run was trained on, found where this machine remembers it, or else by its
            name.  The same data given again is split as it was for training.  Other data is taken whole (of a set with
            a test split, that).
        hint: How to say where the images are; by default, how `isthmus evaluate` is told.
        training_too: Whether the training images will do where none were kept aside: to be looked at, say.
        targets: What is asked for, where the run's task has it in files of its own.

    Raises:
        DataError: If the run's own data cannot be found, or is not what it was; or images that are not of its shape.
        UsageError: If there is no such data.
    """
    entry = run.manifest.data
    hint = hint or f"isthmus evaluate {run.path} DATA"
    if data is None:
        own = _own(run, entry.name, hint, targets)
        return held_out_of(run, own, hint=hint, training_too=training_too)
    prepared = _prepared(run, data, targets)
    if prepared is not None and prepared.train.fingerprint == entry.fingerprint:
        return held_out_of(run, prepared, hint=hint, training_too=training_too)
    images, _ = open_for_task(data, run.recipe, run.preprocessing, targets)
    source, split = (images.test, "test") if images.test is not None else (images.train, "all")
    if source.spec != run.source:
        raise DataError(
            f"expected images of {run.source}, as run {run.path.name!r} was trained on; {images.name!r} has "
            f"{source.spec}."
        )
    matched = match_classes(source, run.class_names)
    unknown = matched.class_names[len(run.class_names) :] if run.class_names and matched.labels is not None else ()
    return HeldOut(images.name, split, matched, _training_images(run), unknown)


def _own(run: Run, name: str, hint: str, targets: Data | None) -> Prepared:
    remembered = remembered_data(run, targets)
    if remembered is not None:
        return remembered
    hint = f"Say where the images are: {hint}"
    # The name comes with the run, which may be untrusted: it never opens a path, or anything of the Hugging Face hub.
    if not is_named(name):
        raise DataError(
            f"run {run.path.name!r} was trained on {name!r}, which is neither a named data set nor images that this "
            f"machine remembers. {hint}"
        )
    prepared = prepare(name, run.recipe, {}, run.preprocessing, targets)
    if prepared.train.fingerprint != run.manifest.data.fingerprint:
        raise DataError(
            f"run {run.path.name!r} was trained on {name!r}, but the images of that name are others now "
            f"({len(prepared.train)} to learn from, {run.manifest.data.train_images} then; their fingerprints differ), "
            f"so that it may have learned from some of these test images. {hint}"
        )
    return prepared


def remembered_data(run: Run, targets: Data | None = None) -> Prepared | None:
    """The run's own data from where it was for training; None where that is not known, or something else lies there."""
    place = recall_place(run.manifest.data.fingerprint)
    if place is None:
        return None
    try:
        prepared = prepare(place.data, run.recipe, {}, run.preprocessing, place.targets if targets is None else targets)
    except (DataError, UsageError):
        return None
    return prepared if prepared.train.fingerprint == run.manifest.data.fingerprint else None


def held_out_of(run: Run, prepared: Prepared, *, hint: str = "", training_too: bool = False) -> HeldOut:
    """The images that a training kept aside; see `find_held_out`.

    Raises:
        DataError: If there are none, and the training images will not do.
    """
    if prepared.test is not None:
        return HeldOut(prepared.name, "test", prepared.test, prepared.train)
    if prepared.validation is not None:
        return HeldOut(prepared.name, "validation", prepared.validation, prepared.train)
    if training_too:
        return HeldOut(prepared.name, "training", prepared.train, prepared.train)
    raise DataError(
        f"run {run.path.name!r} was trained on all {len(prepared.train)} images of {prepared.name!r}, so none are held "
        f"out to evaluate it on. Give others: {hint}"
    )


def _prepared(run: Run, data: Data, targets: Data | None) -> Prepared | None:
    """Other data as a training would have split it; None where it would not train on it at all."""
    try:
        return prepare(data, run.recipe, {}, run.preprocessing, targets)
    except DataError:
        return None


def _training_images(run: Run) -> ImageSource | None:
    """The images that the run learned from, if they are at hand without a download."""
    if remembered := remembered_data(run):
        return remembered.train
    name = run.manifest.data.name
    if name in DATASETS and DATASETS[name].files and DATASETS[name].locate() is None:
        return None
    if not is_named(name):
        return None
    try:
        prepared = prepare(name, run.recipe, {}, run.preprocessing)
    except IsthmusError:
        return None
    return prepared.train if prepared.train.fingerprint == run.manifest.data.fingerprint else None
