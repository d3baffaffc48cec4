"""Images in parts to train on, and the recipe that fits them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isthmus.data import (
    Data,
    ImageOptions,
    ImageSet,
    ImageSource,
    Origin,
    Preprocessing,
    Skipped,
    open_images,
    select,
    shared,
    split_by_content,
    task_of,
)
from isthmus.data.open.pairs import open_masked, open_pairs
from isthmus.errors import DataError, UsageError
from isthmus.progress import tell
from isthmus.recipes import (
    SIZED,
    Recipe,
    Segment,
    default_recipe,
    named_recipe,
    sized,
    task_recipe,
    with_fields,
)
from isthmus.workflows.datasets.conditions import with_classes
from isthmus.workflows.datasets.orientations import with_orientations

TEST_FRACTION = 0.1
"""The share of the images that is held out as test images, where the data has no split."""

_SCHEDULE = frozenset({"training.epochs", "training.steps_per_epoch", "training.batch_size"})
"""Fields with which a user sets the number of steps."""


@dataclass(frozen=True)
class TrainingData:
    """Images in parts, none of which shares an image with another, and the recipe for them.

    Attributes:
        name: What the data is called.
        recipe: The recipe, with the fields that depend on the images filled in.
        train: Training images.
        validation: Images to choose the best epoch by, if the recipe asks for any.
        test: Test images, if there are enough images for some.
        origin: How image files became these pixels; None for images that were arrays already.
        bits: The number of bits in use of 16-bit images; None where there are none.
        notices: What was done with the data that its user should know, a sentence each without a full stop.
    """

    name: str
    recipe: Recipe
    train: ImageSource
    validation: ImageSource | None
    test: ImageSource | None
    origin: Origin | None = None
    bits: int | None = None
    notices: tuple[str, ...] = ()

    @classmethod
    def split(cls, images: ImageSet, recipe: Recipe) -> "TrainingData":
        """Split images for a training with a recipe.

        Raises:
            DataError: If no images are left to train on.
        """
        train, test = _test_split(images)
        notices = [*images.notices]
        if images.test is not None and (copies := shared(train, images.test)).any():
            if copies.all():
                raise DataError(
                    f"every training image of '{images.name}' is a test image too. Take them out of one of the two"
                )
            train = select(train, np.flatnonzero(~copies))
            notices.append(
                f"{np.count_nonzero(copies):,} of {len(copies):,} training images of {images.name} are test images "
                "too, and are left out of training"
            )
        notices += _repeats(images, train, test)
        validation = None
        if recipe.training.validation_fraction:
            train, validation = split_by_content(train, recipe.training.validation_fraction, "validation")
        return cls(images.name, recipe, train, validation, test, images.origin, images.bits, tuple(notices))

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What image files became; None for arrays."""
        return None if self.origin is None else self.origin.preprocessing

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The images that are left out of all parts."""
        return () if self.origin is None else self.origin.skipped

    def announce(self) -> None:
        """Report on standard error what image files became, which were left out, and what else there is to know."""
        if self.origin is not None and self.origin.preprocessing is None:
            tell(f"{self.name}: {self.origin.found}, taken as they are")
        elif self.origin is not None:
            tell(f"{self.name}: {self.origin.found}, become {self.preprocessing} (see --size, --fit, --channels)")
        tell_skipped(self.skipped, self.notices, "; skipped.json in the run lists all")


def open_training_data(
    data: Data,
    recipe: Recipe | str | None = None,
    changes: Mapping[str, Any] | None = None,
    preprocessing: Preprocessing | ImageOptions | None = None,
    targets: Data | None = None,
    purpose: str | None = None,
) -> TrainingData:
    """Open images, settle the recipe, and split the images into training, validation and test images.

    Args:
        data: Whatever `isthmus.data.open_images` takes.
        recipe: A recipe, the name of one, or None for one that suits the images.
        changes: Fields to change, by dotted name.
        preprocessing: What image files become, as `isthmus.data.open_images` takes it.
        targets: Targets in files of their own: the masks of a segmentation, or the other images of pairs.
        purpose: What the model is for, a key of `isthmus.recipes.PURPOSES`, where no recipe is given.

    Raises:
        UsageError: If there is no such data, recipe or field, or targets that the recipe's task does not take.
        DataError: If the images are damaged or too few.
        StorageError: If the images have to be packed, and the cache has no room.
    """
    images, settled = open_for_recipe(data, recipe, changes or {}, preprocessing, targets, purpose)
    parts = TrainingData.split(images, settled)
    if isinstance(recipe, Recipe):
        return parts
    return replace(parts, recipe=with_orientations(parts.recipe, parts.train, changes or {}))


def open_for_recipe(
    data: Data,
    recipe: Recipe | str | None,
    changes: Mapping[str, Any] | None = None,
    preprocessing: Preprocessing | ImageOptions | None = None,
    targets: Data | None = None,
    purpose: str | None = None,
) -> tuple[ImageSet, Recipe]:
    """Open images as a recipe's task takes them, and fill in what the recipe leaves to them.

    Images of more than 8 bits are opened as floats where the recipe's likelihood and task take floats, unless `recipe`
    or a change says which type pixels have.  Takes and raises what `open_training_data` does.
    """
    changes = changes or {}
    images, settled = _open_for_recipe(data, recipe, changes, preprocessing, targets, purpose)
    dtype_given = isinstance(recipe, Recipe) or changes.keys() & {"pixels", "pixels.dtype"}
    if dtype_given or isinstance(data, ImageSet) or (images.bits or 8) <= 8 or not _takes_floats(settled):
        return images, settled
    return _open_for_recipe(data, recipe, {**changes, "pixels.dtype": "float32"}, preprocessing, targets, purpose)


def _takes_floats(recipe: Recipe) -> bool:
    try:
        floats = with_fields(recipe, {"pixels.dtype": "float32"})
    except UsageError:
        return False
    return floats.pixels.binarise == "none" and not floats.task.restores


def _open_for_recipe(
    data: Data,
    recipe: Recipe | str | None,
    changes: Mapping[str, Any],
    preprocessing: Preprocessing | ImageOptions | None,
    targets: Data | None,
    purpose: str | None,
) -> tuple[ImageSet, Recipe]:
    given = named_recipe(recipe) if isinstance(recipe, str) else recipe
    if purpose is not None and (given is not None or changes.keys() & {"task", "task.kind"}):
        raise UsageError("--for chooses a recipe. Leave out --for, or else --recipe and --task")
    if given is None and (task := changes.get("task", changes.get("task.kind"))):
        given = task_recipe(str(task))
    if given is None:
        images = open_images(data, "float32" if changes.get("pixels.dtype") == "float32" else "uint8", preprocessing)
    else:
        images, given = _open_for_task(data, _before_sizing(given, changes), preprocessing, targets)
    if not isinstance(recipe, Recipe):
        count = None if changes.keys() & _SCHEDULE else len(images.train)
        from_files = images.origin is not None
        if (images.bits or 8) > 8:  # small grey images are taken for digits, and black or white, if they have 8 bits
            purpose = purpose or "reconstruct"
        given = suitable_recipe(given, images.spec.shape, from_files, count, changes, purpose)
    assert given is not None
    return images, with_classes(with_fields(given, changes), images)


def suitable_recipe(
    named: Recipe | None,
    shape: tuple[int, int, int],
    from_files: bool,
    count: int | None = None,
    changes: Mapping[str, Any] | None = None,
    purpose: str | None = None,
) -> Recipe:
    """The recipe for images: the named one, or else one that suits them, fitted to their size and number.

    Args:
        named: The named recipe, if there is one.
        shape: Height, width and channels.
        from_files: Whether the images come from image files.
        count: The number of training images; None to leave the recipe's schedule as it is.
        changes: Fields that will be changed, by dotted name; the others are fitted to them.
        purpose: What the model is for, where no recipe is named.

    Raises:
        RecipeError: If there is no such purpose.
    """
    side = max(shape[:2]) if from_files else 0
    given = named or _before_sizing(default_recipe(shape[2], side, purpose), changes or {})
    return sized(given, shape, count, changes)


def _before_sizing(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with its changes, but for the dimensions of a code that is fitted to the images."""
    known = {field: value for field, value in changes.items() if recipe.name not in SIZED or field != "latent.dim"}
    return with_fields(recipe, known)


def tell_skipped(skipped: tuple[Skipped, ...], notices: tuple[str, ...], more: str = "") -> None:
    """Report on standard error how many image files are left out and which is the first, and the notices."""
    if skipped:
        first, count = skipped[0], len(skipped)
        left = "image is left out" if count == 1 else "images are left out"
        tell(f"{count:,} {left}, {first.name} first ({first.reason}){more}")
    for notice in notices:
        tell(notice)


def _open_for_task(
    data: Data, recipe: Recipe, preprocessing: Preprocessing | ImageOptions | None, targets: Data | None
) -> tuple[ImageSet, Recipe]:
    task = recipe.task
    if not task.has_target_files:
        if targets is not None:
            raise UsageError(
                "--targets are the masks of --task segment or the other images of --task pairs; "
                f"the task is {task.kind!r}"
            )
        images = open_images(data, recipe.pixels.dtype, preprocessing)
        task_of(task).check(images)
        return images, recipe
    if isinstance(task, Segment):
        pairs = open_masked(data, targets, preprocessing, task.classes)
        return pairs.images, with_fields(recipe, {"task.classes": pairs.classes})  # the likelihood follows
    if targets is None:
        raise UsageError("--task pairs needs --targets: a folder whose images have the names of those in DATA")
    pairs = open_pairs(data, targets, preprocessing)
    return pairs.images, with_fields(recipe, {"task.target_channels": pairs.target_channels})


def _repeats(images: ImageSet, *parts: ImageSource | None) -> Iterator[str]:
    """A notice where images are equal, which different files may be once they are fitted."""
    digests = [part.digests for part in parts if part is not None]
    count = sum(map(len, digests))
    repeats = count - len(np.unique(np.concatenate(digests), axis=0))
    if repeats:
        fitted = None if images.origin is None else images.origin.preprocessing
        made = "" if fitted is None else f" once they are {fitted} (see --size and --fit)"
        yield f"{repeats:,} of {count:,} images of {images.name} are the same as another, pixel for pixel{made}"


def _test_split(images: ImageSet) -> tuple[ImageSource, ImageSource | None]:
    """Training and test images: the data's own, or a tenth chosen by content.

    Images too few to split are all for training.

    Raises:
        DataError: If the data says that all are test images.
    """
    if images.test is not None:
        if not len(images.train):
            raise DataError(
                f"every image of '{images.name}' is a test image, which leaves none to train on. "
                "Name some as training images, or name no splits: then some images are held out"
            )
        return images.train, images.test
    try:
        return split_by_content(images.train, TEST_FRACTION, "test")
    except DataError:
        return images.train, None
