"""Images to evaluate a run on: its held-out images, or others."""

from dataclasses import dataclass

from isthmus.data import DATASETS, Data, ImageSet, ImageSource, match_classes
from isthmus.data.locations import recall_location
from isthmus.data.named.catalogue import is_named
from isthmus.errors import DataError, IsthmusError, UsageError
from isthmus.runs import Run
from isthmus.wording import spell_count
from isthmus.workflows.datasets.training_data import TrainingData, open_for_recipe, open_training_data

MOST_NAMED = 5
"""Unknown classes that are named, at most."""


@dataclass(frozen=True)
class HeldOut:
    """Images to evaluate a run on.

    Attributes:
        name: What the data is called.
        split: `test`, `validation` (of a run whose data had no test images), `training` (of one whose data had neither,
            where those will do), or `all` images of other data.
        images: The images, their classes numbered as the run's by name, followed by those that the run does not know.
        train: The run's training images, or None where they cannot be found.
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


def open_held_out(
    run: Run, data: Data | TrainingData | None = None, *, targets: Data | None = None, training_too: bool = False
) -> HeldOut:
    """Open the held-out images of a run, or other images.

    Args:
        run: The run.
        data: None for the run's own data, found where this machine remembers it or by its name.  The same data given
            again is split as it was for training.  Other data is taken whole (of a set with a test split, that).
        targets: The targets, where the run's task has them in files of their own.
        training_too: Whether training images will do where none were held out, such as for images to look at.

    Raises:
        DataError: If the run's own data cannot be found or has changed, or the images are not of the run's shape.
        UsageError: If there is no such data.
    """
    if data is None:
        own = _own_data(run, targets)
    elif isinstance(data, TrainingData):
        own = data
    else:
        images, recipe = open_for_recipe(data, run.recipe, preprocessing=run.preprocessing, targets=targets)
        try:
            own = TrainingData.split(images, recipe)
        except DataError:  # nothing that a training could have been on
            return _other_images(run, images)
        if not _is_own(run, own):
            return _other_images(run, images)
    if own.test is not None:
        return HeldOut(own.name, "test", own.test, own.train)
    if own.validation is not None:
        return HeldOut(own.name, "validation", own.validation, own.train)
    if training_too:
        return HeldOut(own.name, "training", own.train, own.train)
    raise DataError(
        f"run {run.path.name!r} was trained on all {spell_count(len(own.train), 'image')} of {own.name!r}, so none are "
        f"held out to evaluate it on. Give others: {_how_to_name_images(run)}"
    )


def recall_training_data(run: Run, targets: Data | None = None) -> TrainingData | None:
    """Open a run's own data where it was for training; None where that is not known, or other images are there now."""
    place = recall_location(run.manifest.data.fingerprint, run.class_names)
    if place is None:
        return None
    try:
        own = _open_as_trained(run, place.data, place.targets if targets is None else targets)
    except (DataError, UsageError):
        return None
    return own if _is_own(run, own) else None


def _own_data(run: Run, targets: Data | None) -> TrainingData:
    remembered = recall_training_data(run, targets)
    if remembered is not None:
        return remembered
    entry, hint = run.manifest.data, f"Say where the images are: {_how_to_name_images(run)}"
    # The name comes with the run, which may be untrusted: it never opens a path, or anything of the Hugging Face hub.
    if not is_named(entry.name):
        raise DataError(
            f"run {run.path.name!r} was trained on {entry.name!r}, which is neither a named data set nor images that "
            f"this machine remembers. {hint}"
        )
    own = _open_as_trained(run, entry.name, targets)
    if not _is_own(run, own):
        raise DataError(
            f"run {run.path.name!r} was trained on {entry.name!r}, but the images of that name have changed: "
            f"{spell_count(len(own.train), 'training image')} now, {entry.train_images:,} then, with another "
            f"fingerprint. It may have been trained on some of these test images. {hint}"
        )
    return own


def _other_images(run: Run, images: ImageSet) -> HeldOut:
    source, split = (images.train, "all") if images.test is None else (images.test, "test")
    if source.spec != run.source:
        raise DataError(
            f"expected images of {run.source}, as run {run.path.name!r} was trained on; {images.name!r} has "
            f"{source.spec}."
        )
    matched = match_classes(source, run.class_names)
    unknown = matched.class_names[len(run.class_names) :] if run.class_names and matched.labels is not None else ()
    return HeldOut(images.name, split, matched, _training_images(run), unknown)


def _training_images(run: Run) -> ImageSource | None:
    """The run's training images, if they can be found without a download."""
    if remembered := recall_training_data(run):
        return remembered.train
    name = run.manifest.data.name
    if not is_named(name) or (name in DATASETS and DATASETS[name].files and DATASETS[name].locate() is None):
        return None
    try:
        own = _open_as_trained(run, name, None)
    except IsthmusError:
        return None
    return own.train if _is_own(run, own) else None


def _open_as_trained(run: Run, data: Data, targets: Data | None) -> TrainingData:
    return open_training_data(data, run.recipe, preprocessing=run.preprocessing, targets=targets)


def _is_own(run: Run, data: TrainingData) -> bool:
    return data.train.fingerprint == run.manifest.data.fingerprint


def _how_to_name_images(run: Run) -> str:
    return f"`isthmus evaluate {run.path} DATA`, --data DATA in other commands, or data=DATA in Python"
