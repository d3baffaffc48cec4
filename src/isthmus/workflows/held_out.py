"""Finding the images to evaluate a run on: those that it never learned from, and those that it did."""

from dataclasses import dataclass

from isthmus.data import DATASETS, Data, ImageSource, open_images
from isthmus.data.catalogue import is_named
from isthmus.errors import DataError, IsthmusError, UsageError
from isthmus.runs import Run
from isthmus.workflows.preparation import Prepared, prepare


@dataclass(frozen=True)
class HeldOut:
    """Images to evaluate a run on.

    Attributes:
        name: What the data is called.
        split: `test`, `validation` (of a run whose data had no test images), or `all` images of other data.
        images: Those to evaluate on.
        train: Those that the run learned from, or None where they are not at hand.
    """

    name: str
    split: str
    images: ImageSource
    train: ImageSource | None


def find_held_out(run: Run, data: Data | None = None) -> HeldOut:
    """Open the run's own test split again, or other images.

    Args:
        run: What will be evaluated.
        data: None for the data that the run was trained on, found by its name.  The same data given again is split as it
            was for training.  Other data is taken whole (of a set with a test split, that).

    Raises:
        DataError: If the run's own data cannot be found, or is not what it was; or images that are not of its shape.
        UsageError: If there is no such data.
    """
    entry = run.manifest.data
    if data is None:
        own = _own(run, entry.name)
        return _split(run, own)
    prepared = _prepared(run, data)
    if prepared is not None and prepared.train.fingerprint == entry.fingerprint:
        return _split(run, prepared)
    images = open_images(data, run.image.dtype)
    source, split = (images.test, "test") if images.test is not None else (images.train, "all")
    if source.spec != run.image:
        raise DataError(
            f"expected images of {run.image}, as run {run.path.name!r} was trained on; '{images.name}' has {source.spec}."
        )
    return HeldOut(images.name, split, source, _training_images(run))


def _own(run: Run, name: str) -> Prepared:
    hint = f"Say where the images are: isthmus evaluate {run.path} DATA"
    try:
        prepared = prepare(name, run.recipe, {})
    except UsageError:
        raise DataError(
            f"run {run.path.name!r} was trained on {name!r}, which is no named data set and no path from here. {hint}"
        ) from None
    if prepared.train.fingerprint != run.manifest.data.fingerprint:
        raise DataError(
            f"run {run.path.name!r} was trained on {name!r}, but the images of that name are not those any more "
            f"({len(prepared.train)} to learn from now, {run.manifest.data.train_images} then; their fingerprints differ), "
            f"so test images could be among those that it learned from. {hint}"
        )
    return prepared


def _split(run: Run, prepared: Prepared) -> HeldOut:
    if prepared.test is not None:
        return HeldOut(prepared.name, "test", prepared.test, prepared.train)
    if prepared.validation is not None:
        return HeldOut(prepared.name, "validation", prepared.validation, prepared.train)
    raise DataError(
        f"run {run.path.name!r} learned from all {len(prepared.train)} images of {prepared.name!r}, so none are left to "
        f"evaluate it on. Give others: isthmus evaluate {run.path} DATA"
    )


def _prepared(run: Run, data: Data) -> Prepared | None:
    """Other data as a training would have split it; None where it would not train on it at all."""
    try:
        return prepare(data, run.recipe, {})
    except DataError:
        return None


def _training_images(run: Run) -> ImageSource | None:
    """The images that the run learned from, if they are at hand without a download."""
    name = run.manifest.data.name
    if name in DATASETS and DATASETS[name].files and DATASETS[name].locate() is None:
        return None
    if not is_named(name):
        return None
    try:
        prepared = prepare(name, run.recipe, {})
    except IsthmusError:
        return None
    return prepared.train if prepared.train.fingerprint == run.manifest.data.fingerprint else None
