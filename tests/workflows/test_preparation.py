import numpy as np
import pytest

from isthmus.data import ImageSet, as_source
from isthmus.errors import DataError, RecipeError, UsageError
from isthmus.recipes import RECIPES, Recipe
from isthmus.workflows import preparation

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 6, 5, 1)).astype(np.uint8)


def pictures(source):
    return {image.tobytes() for image in source.read(np.arange(len(source)))}


def test_three_parts_that_share_nothing():
    prepared = preparation.prepare(IMAGES, "conv-vae", {"training.validation_fraction": 0.2})
    parts = [pictures(part) for part in (prepared.train, prepared.validation, prepared.test)]
    assert set.union(*parts) == {image.tobytes() for image in IMAGES}
    assert sum(map(len, parts)) == 300
    assert 15 <= len(prepared.test) <= 50
    assert 30 <= len(prepared.validation) <= 85


def test_copies_of_an_image_never_stand_on_two_sides():
    prepared = preparation.prepare(np.concatenate([IMAGES, IMAGES]), "conv-vae", {})
    assert len(prepared.train) == 2 * len(pictures(prepared.train))
    assert not pictures(prepared.train) & pictures(prepared.test)


def test_the_datas_own_test_images_are_kept():
    source = as_source(IMAGES[:200]), as_source(IMAGES[200:])
    prepared = preparation.prepare(ImageSet("mine", *source), "conv-vae", {"training.validation_fraction": 0.0})
    assert (len(prepared.train), prepared.validation, len(prepared.test)) == (200, None, 100)
    assert prepared.name == "mine"


def test_too_few_to_test_on_are_all_for_learning():
    prepared = preparation.prepare(IMAGES[:2], "conv-vae", {"training.validation_fraction": 0.0})
    assert len(prepared.train) + len(prepared.test or ()) == 2
    assert len(prepared.train) >= 1


@pytest.mark.parametrize(("channels", "name"), [(1, "conv-vae-fast"), (3, "conv-vae-colour")])
def test_a_recipe_that_suits_the_images(channels, name):
    prepared = preparation.prepare(np.repeat(IMAGES, channels, axis=-1), None, {"latent.dim": 7})
    assert prepared.recipe.name == name
    assert prepared.recipe.latent.dim == 7


@pytest.mark.parametrize("recipe", [None, "conv-ae", Recipe()])
def test_images_are_opened_as_the_recipe_wants_them(recipe):
    prepared = preparation.prepare(IMAGES, recipe, {"pixels.dtype": "float32"})
    assert prepared.train.spec.dtype == prepared.recipe.pixels.dtype == "float32"
    values = prepared.train.read(np.arange(20))
    assert values.dtype == np.float32
    assert 0.95 < values.max() <= 1.0


def test_named_recipes_stay_as_they_are():
    preparation.prepare(IMAGES, "conv-ae", {"latent.dim": 3})
    assert RECIPES["conv-ae"].latent.dim == 16


@pytest.mark.parametrize(
    ("data", "recipe", "changes", "error"),
    [
        ("no-such-data", "conv-vae", {}, UsageError),
        (IMAGES, "no-such-recipe", {}, RecipeError),
        (IMAGES, "conv-vae", {"no.such": 1}, RecipeError),
        (IMAGES * np.nan, "conv-vae", {}, DataError),
    ],
)
def test_faults_have_their_names(data, recipe, changes, error):
    with pytest.raises(error):
        preparation.prepare(data, recipe, changes)
