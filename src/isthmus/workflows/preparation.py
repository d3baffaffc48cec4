"""From what a user names to what a training takes: images in three parts, and a recipe that fits them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.data import (
    Data,
    ImageSet,
    ImageSource,
    Origin,
    PixelType,
    Preprocessing,
    Skipped,
    Wish,
    open_images,
    select,
    shared,
    split_by_content,
    spread,
)
from isthmus.data.open.pairs import open_masked, open_pairs
from isthmus.data.tasks.colour import is_grey
from isthmus.errors import DataError, UsageError
from isthmus.progress import tell
from isthmus.recipes import (
    Recipe,
    default_recipe,
    grown,
    mask_likelihood,
    named_recipe,
    task_recipe,
    with_fields,
)

COLOUR_CHECKED = 200
"""Images that are looked at for colour."""
TEST_FRACTION = 0.1
"""The share of the images kept aside to test on, where the data does not say."""


@dataclass(frozen=True)
class Prepared:
    """Images in parts, none of which shares an image with another, and the recipe for them."""

    name: str
    recipe: Recipe
    train: ImageSource
    validation: ImageSource | None
    test: ImageSource | None
    origin: Origin | None = None
    bits: int | None = None
    """How many bits are in use of images of 16 bits, if there are any."""
    notices: tuple[str, ...] = ()
    """What was done with the data that its user should know, a sentence each without a full stop."""

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What image files became; None for arrays."""
        return None if self.origin is None else self.origin.preprocessing

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The images that are left out of all parts."""
        return () if self.origin is None else self.origin.skipped


def prepare(
    data: Data,
    recipe: Recipe | str | None,
    changes: Mapping[str, Any],
    goal: Preprocessing | Wish | None = None,
    targets: Data | None = None,
) -> Prepared:
    """Open the images, settle the recipe and split.

    Args:
        data: Whatever `isthmus.data.open_images` takes.
        recipe: A recipe, the name of one, or None for one that suits the images.
        changes: Fields to change, by dotted name.
        goal: What image files are to become, as `isthmus.data.open_images` takes it.
        targets: What is asked for, in files of their own: the masks of a segmentation, or the other halves of pairs.

    Raises:
        UsageError: If there is no such data, recipe or field, or targets that the recipe's task does not take.
        DataError: If the images are damaged or too few.
        StorageError: If the images have to be packed, and the cache has no room.
    """
    given = named_recipe(recipe) if isinstance(recipe, str) else recipe
    if given is None and wanted_task(changes):
        given = task_recipe(str(wanted_task(changes)))
    if given is None:
        wanted = changes.get("pixels.dtype")
        dtype: PixelType = "float32" if wanted == "float32" else "uint8"
        images = open_images(data, dtype, goal)
    else:
        given = with_fields(given, changes)
        images, given = open_for_task(data, given, goal, targets)
    if not isinstance(recipe, Recipe):
        given = suited_recipe(given, images.spec.shape, from_files=images.origin is not None)
    assert given is not None
    settled = with_fields(given, changes)
    train, test = test_split(images)
    notices = [*images.notices]
    if images.test is not None and (copies := shared(train, images.test)).any():
        if copies.all():
            raise DataError(
                f"every training image of '{images.name}' is a test image too. Take them out of one of the two"
            )
        train = select(train, np.flatnonzero(~copies))
        notices.append(
            f"{np.count_nonzero(copies):,} of {len(copies):,} training images of {images.name} are test images too, "
            "and are left out of training"
        )
    notices += _repeats(images, train, test)
    validation = None
    if settled.training.validation_fraction:
        train, validation = split_by_content(train, settled.training.validation_fraction, "validation")
    return Prepared(images.name, settled, train, validation, test, images.origin, images.bits, tuple(notices))


def wanted_task(changes: Mapping[str, Any]) -> Any:
    """The kind of task among the changes to a recipe, if any."""
    return changes.get("task", changes.get("task.kind"))


def open_for_task(
    data: Data, recipe: Recipe, goal: Preprocessing | Wish | None, targets: Data | None
) -> tuple[ImageSet, Recipe]:
    """Open images as a recipe's task takes them, and fill in what the recipe leaves to them.

    Raises:
        UsageError: If there is no such data, or targets that the task does not take, or none where it needs some.
        DataError: If the images are damaged, or no such task can be made of them.
    """
    task = recipe.task
    if task.has_target_files:
        return open_with_targets(data, recipe, goal, targets)
    if targets is not None:
        raise UsageError(
            f"--targets are the masks of --task segment or the other halves of --task pairs; the task is {task.kind!r}"
        )
    images = open_images(data, recipe.pixels.dtype, goal)
    channels = images.spec.channels
    if task.kind == "colourise":
        source = images.test if images.test is not None and not len(images.train) else images.train
        some = source.read(spread(len(source), COLOUR_CHECKED))
        if channels < 3 or is_grey(np.asarray(some, np.uint8)):
            raise DataError(
                f"expected images in colour, to learn colours from; '{images.name}' is grey"
                f"{' already' if channels < 3 else ', though its files have three channels'}. Take another task or data"
            )
    if task.kind == "segment" and channels != 1:
        raise DataError(
            f"expected grey images that are their own masks, white on black; '{images.name}' has {channels} channels. "
            "Give masks with --targets, and task.masks=files"
        )
    return images, recipe


def open_with_targets(
    data: Data, recipe: Recipe, goal: Preprocessing | Wish | None, targets: Data | None
) -> tuple[ImageSet, Recipe]:
    """Open images with their masks or other halves; see `open_for_task`."""
    if recipe.task.kind == "segment":
        pairs = open_masked(data, targets, goal, recipe.task.classes)
        task = recipe.task.model_copy(update={"classes": pairs.classes})
        likelihood = mask_likelihood(len(pairs.classes))
        return pairs.images, recipe.model_copy(update={"task": task, "likelihood": likelihood})
    if targets is None:
        raise UsageError("--task pairs needs --targets: a folder whose images have the names of those in DATA")
    pairs = open_pairs(data, targets, goal)
    return pairs.images, with_fields(recipe, {"task.target_channels": pairs.target_channels})


def suited_recipe(named: Recipe | None, shape: tuple[int, int, int], from_files: bool) -> Recipe:
    """The recipe for images of a shape `(height, width, channels)`: the named one, or else one that suits them."""
    height, width, channels = shape
    return grown(named or default_recipe(channels, max(height, width) if from_files else 0), height, width)


def announce(prepared: Prepared) -> None:
    """Report on standard error what image files became, which were left out, and what else there is to know."""
    origin = prepared.origin
    if origin is not None and origin.preprocessing is None:
        tell(f"{prepared.name}: {origin.found}, taken as they are")
    elif origin is not None:
        tell(f"{prepared.name}: {origin.found}, become {origin.preprocessing} (see --size, --fit, --channels)")
    tell_left_out(origin, prepared.notices, "; skipped.json in the run lists all")


def tell_left_out(origin: Origin | None, notices: tuple[str, ...], more: str = "") -> None:
    """Report on standard error how many image files are left out and which is the first, and the notices."""
    if origin is not None and origin.skipped:
        first, count = origin.skipped[0], len(origin.skipped)
        left = "image is left out" if count == 1 else "images are left out"
        tell(f"{count:,} {left}, {first.name} first ({first.reason}){more}")
    for notice in notices:
        tell(notice)


def _repeats(images: ImageSet, *parts: ImageSource | None) -> Iterator[str]:
    """A notice where images are equal, which different files may be once they are fitted."""
    digests = [part.digests for part in parts if part is not None]
    count = sum(map(len, digests))
    repeats = count - len(np.unique(np.concatenate(digests), axis=0))
    if repeats:
        fitted = None if images.origin is None else images.origin.preprocessing
        made = "" if fitted is None else f" once they are {fitted} (see --size and --fit)"
        yield f"{repeats:,} of {count:,} images of {images.name} are the same as another, pixel for pixel{made}"


def test_split(images: ImageSet) -> tuple[ImageSource, ImageSource | None]:
    """The images to learn from and those to test on: the data's own, or a tenth chosen by content.

    So few images that all fall on one side are all for learning.

    Raises:
        DataError: If the data says that all are to test on.
    """
    if images.test is not None:
        if not len(images.train):
            raise DataError(
                f"every image of '{images.name}' is said to be a test image, which leaves none to learn from. "
                "Say which ones are for training, or say nothing of splits: then some are kept aside"
            )
        return images.train, images.test
    try:
        return split_by_content(images.train, TEST_FRACTION, "test")
    except DataError:
        return images.train, None
