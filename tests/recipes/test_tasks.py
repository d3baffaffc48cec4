import re

import pytest

from isthmus.errors import RecipeError
from isthmus.recipes import (
    RECIPES,
    BernoulliLikelihood,
    CategoricalLikelihood,
    Denoise,
    named_recipe,
    recipe_from_json,
    task_recipe,
    with_fields,
)
from isthmus.recipes.overrides import KINDS


@pytest.mark.parametrize("kind", [kind for kind in KINDS["task"] if kind != "reconstruct"])
def test_every_task_has_a_recipe_that_takes_it(kind):
    recipe = with_fields(task_recipe(kind), {"task": kind})
    assert recipe.task.kind == kind
    assert recipe_from_json(recipe.model_dump_json()) == recipe
    assert not recipe.is_likelihood


def test_to_reconstruct_it_depends_on_the_images():
    assert task_recipe("reconstruct") is None


def test_one_strength_or_a_range():
    unet = RECIPES["unet"]
    assert with_fields(unet, {"task.strength": 0.2}).task == Denoise(strength=(0.2, 0.2))
    assert with_fields(unet, {"task.strength": [0.1, 0.3]}).task.strength == (0.1, 0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task.strength": [0.5, 0.1]}, "strength goes from 0.5 to 0.1; give the lower first"),
        ({"task.strength": 1.5}, "less than or equal to 1; got 1.5"),
        ({"task.strength": 0}, "greater than 0; got 0"),
        ({"task": "reconstruct"}, "network.kind='unet' passes the image around its code"),
        ({"task": "segment", "likelihood": "gaussian"}, "masks need likelihood.kind=bernoulli (of two classes)"),
        ({"task": "segment", "task.classes": 3}, "task.classes: expected a list"),
        ({"pixels.binarise": "threshold", "likelihood": "bernoulli"}, "takes pixels as they are"),
        ({"pixels.dtype": "float32"}, "takes pixels as they are"),
        ({"likelihood": "categorical"}, "describes masks, and the task is 'denoise'"),
        ({"task": "pairs", "augmentation.rotation": 5}, "may flip, transpose and shift input and target"),
        ({"task": "segment", "likelihood": "bernoulli", "task.clutter": 0.5}, "clutter is read only where"),
        ({"task": "paint"}, "expected one of reconstruct, denoise, colourise"),
    ],
)
def test_what_cannot_be(changes, message):
    with pytest.raises(RecipeError, match=re.escape(message)):
        with_fields(named_recipe("unet"), changes)


@pytest.mark.parametrize("name", ["unet", "unet-masks", "conv-ae"])
@pytest.mark.parametrize(
    ("changes", "likelihood"),
    [
        ({"task": "segment"}, BernoulliLikelihood()),
        ({"task": "segment", "task.masks": "itself"}, BernoulliLikelihood()),
        ({"task": "segment", "task.classes": [0, 9]}, BernoulliLikelihood()),
        ({"task": "segment", "task.classes": [0, 9, 7]}, CategoricalLikelihood(classes=3)),
        (
            {"task": "segment", "likelihood": "categorical", "likelihood.classes": 9},  # the files will tell
            CategoricalLikelihood(classes=9),
        ),
    ],
)
def test_the_likelihood_of_masks_follows_their_classes(name, changes, likelihood):
    assert with_fields(named_recipe(name), changes).likelihood == likelihood


@pytest.mark.parametrize(
    ("classes", "likelihood", "message"),
    [
        ([0, 1, 2], {"likelihood": "bernoulli"}, "masks of 3 classes need likelihood.kind=categorical with"),
        (
            [0, 1, 2],
            {"likelihood": "categorical", "likelihood.classes": 4},
            "'categorical' with likelihood.classes=4",
        ),
        ([0, 1], {"likelihood": "categorical"}, "masks of 2 classes need likelihood.kind=bernoulli"),
    ],
)
def test_another_likelihood_has_to_suit_the_masks(classes, likelihood, message):
    with pytest.raises(RecipeError, match=message):
        with_fields(named_recipe("unet-masks"), {"task.classes": classes, **likelihood})
