"""From what a user names to what a training takes: images in three parts, and a recipe that fits them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.data import Data, ImageSet, ImageSource, open_images, split_by_content
from isthmus.errors import DataError
from isthmus.recipes import Recipe, default_recipe, named_recipe, with_fields

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


def prepare(data: Data, recipe: Recipe | str | None, changes: Mapping[str, Any]) -> Prepared:
    """Open the images, settle the recipe and split.

    Args:
        data: Whatever `isthmus.data.open_images` takes.
        recipe: A recipe, the name of one, or None for one that suits the images.
        changes: Fields to change, by dotted name.

    Raises:
        UsageError: If there is no such data, recipe or field.
        DataError: If the images are damaged or too few.
    """
    if isinstance(recipe, str):
        recipe = named_recipe(recipe)
    if recipe is None:
        images = open_images(data)
        recipe = with_fields(default_recipe(images.spec.channels), changes)
        if recipe.pixels.dtype != images.spec.dtype:
            images = open_images(data, recipe.pixels.dtype)
    else:
        recipe = with_fields(recipe, changes)
        images = open_images(data, recipe.pixels.dtype)
    train, test = test_split(images)
    validation = None
    if recipe.training.validation_fraction:
        train, validation = split_by_content(train, recipe.training.validation_fraction, "validation")
    return Prepared(images.name, recipe, train, validation, test)


def test_split(images: ImageSet) -> tuple[ImageSource, ImageSource | None]:
    """The images to learn from and those to test on: the data's own, or a tenth chosen by content.

    So few images that all fall on one side are all for learning.
    """
    if images.test is not None:
        return images.train, images.test
    try:
        return split_by_content(images.train, TEST_FRACTION, "test")
    except DataError:
        return images.train, None
