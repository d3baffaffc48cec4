"""The classes of the images that a conditional model is trained on."""

import numpy as np

from isthmus.data import ImageSet, ImageSource, match_classes
from isthmus.data.classes import class_names_of
from isthmus.errors import DataError
from isthmus.recipes import Recipe, with_fields

_LEAVE_OUT = "or leave condition=labels out"


def with_classes(recipe: Recipe, images: ImageSet) -> Recipe:
    """A recipe with the number of classes of the images, if its model is given the class and does not know them yet.

    Raises:
        DataError: If there are images without labels, fewer than two classes, more than the recipe has, negative
            labels, or test images of a class without training images.
    """
    if not recipe.condition.is_given:
        return recipe
    train, test, name = images.train, images.test, images.name
    classes = len(class_names_of(train))
    if train.labels is None or classes < 2:
        raise DataError(
            f"condition=labels trains on images of two classes or more; '{name}' has "
            f"{'no labels' if train.labels is None else 'one class'}. Put the images of each class in a folder of its "
            f"own, give an .npz with `labels`, {_LEAVE_OUT}"
        )
    if test is not None and test.labels is None:
        raise DataError(
            f"condition=labels needs the class of every image; the test images of '{name}' have no labels. "
            f"Give theirs too, {_LEAVE_OUT}"
        )
    lowest = min(int(part.labels.min()) for part in (train, test) if part is not None and part.labels is not None)
    if lowest < 0:
        raise DataError(f"condition=labels takes labels from 0; '{name}' has {lowest}. Number its classes from 0")
    if test is not None and (unknown := _without_training_images(train, test)):
        raise DataError(
            f"condition=labels needs training images of every class; '{name}' has only test images of "
            f"{', '.join(unknown)}. Leave these out"
        )
    if 0 < recipe.condition.classes < classes:
        raise DataError(
            f"condition.classes={recipe.condition.classes} is too few: '{name}' has {classes} classes. "
            "Leave condition.classes out"
        )
    return recipe if recipe.condition.classes else with_fields(recipe, {"condition.classes": classes})


def _without_training_images(train: ImageSource, test: ImageSource) -> list[str]:
    """The classes that test images alone have, by name."""
    numbered = match_classes(test, class_names_of(train))
    names = class_names_of(numbered)
    return [names[label] for label in sorted(_present(numbered) - _present(train))]


def _present(source: ImageSource) -> set[int]:
    """The number of each class that has images."""
    return set() if source.labels is None else set(np.unique(source.labels).tolist())
