import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from isthmus import recipes
from isthmus.data import BatchPlan, EvaluationBatches, ImageSpec, TrainingBatches, as_source, make_batch, task_of
from isthmus.data.tasks.colour import luma
from isthmus.recipes import Recipe, Training

SPECS = {
    "reconstruct": (recipes.Reconstruct(), 3),
    "denoise": (recipes.Denoise(), 3),
    "deblur": (recipes.Deblur(), 3),
    "super-resolve": (recipes.SuperResolve(factor=4), 3),
    "colourise": (recipes.Colourise(), 3),
    "inpaint": (recipes.Inpaint(), 3),
    "segment": (recipes.Segment(classes=(0, 7, 9)), 4),
    "own masks": (recipes.Segment(masks="itself", clutter=0.5), 1),
    "pairs": (recipes.Pairs(target_channels=1), 4),
}


@pytest.fixture(params=SPECS)
def posing(request, random_images):
    fields, channels = SPECS[request.param]
    images = random_images(6, 11, 13, channels)
    return fields, images, make_batch(images, fields, 0)


def test_what_is_made_is_as_told(posing):
    fields, images, batch = posing
    task, spec = task_of(fields), ImageSpec(*images.shape[1:])
    assert batch.input.shape[1:] == task.input_spec(spec).shape
    assert batch.target.shape[1:] == task.target_spec(spec).shape
    assert batch.input.dtype == batch.target.dtype == np.uint8


@pytest.mark.parametrize("fields", [fields for fields, _ in SPECS.values()], ids=SPECS)
def test_the_strength_is_a_field_of_the_recipe_with_its_limit(fields):
    task = task_of(fields)
    if name := task.strength_field:
        assert getattr(type(fields).model_validate({name: task.strongest}), name) == (task.strongest, task.strongest)
        with pytest.raises(ValidationError):
            type(fields).model_validate({name: 1.01 * task.strongest})


def test_a_draw_follows_from_the_seed_and_the_images_number(posing):
    fields, images, batch = posing
    np.testing.assert_array_equal(make_batch(images[2:], fields, 0, start=2).input, batch.input[2:])
    if fields.kind in ("denoise", "inpaint", "deblur"):
        assert (make_batch(images, fields, 1).input != batch.input).any()


def test_the_right_prediction_is_the_truth(posing):
    """What users get of a decoder that gives just what was asked for."""
    fields, images, batch = posing
    finished = task_of(fields).finish(batch.input, batch.target)
    match fields.kind:
        case "colourise":
            assert np.abs(finished.astype(int) - images).max() <= 3
        case "segment":
            assert finished.max() <= 255
        case "pairs":
            np.testing.assert_array_equal(finished, images[..., 3:])
        case _:
            np.testing.assert_array_equal(finished, images)


def test_no_target_is_in_the_input(posing):
    fields, images, batch = posing
    if fields.kind in ("denoise", "deblur", "super-resolve"):
        assert np.abs(batch.input.astype(int) - images).mean() > 1
    if fields.kind == "colourise":
        grey = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])
        np.testing.assert_array_equal(batch.input[..., 0], grey)
    if fields.kind == "inpaint":
        missing = batch.input[..., -1] == 0
        assert missing.any(axis=(1, 2)).all()
        assert (batch.input[missing] == 0).all()
        np.testing.assert_array_equal(batch.input[~missing][:, :3], images[~missing])


def test_known_pixels_are_kept_whatever_is_given(random_images):
    fields = recipes.Inpaint()
    batch = make_batch(random_images(5, 16, 16, 3), fields, 0)
    finished = task_of(fields).finish(batch.input, random_images(5, 16, 16, 3, seed=9))
    known = batch.input[..., -1] > 0
    np.testing.assert_array_equal(finished[known], batch.input[known][:, :3])


def test_brightness_is_kept_whatever_colours_are_given(random_images):
    seen = random_images(5, 16, 16, 1)
    finished = task_of(recipes.Colourise()).finish(seen, random_images(5, 16, 16, 2, seed=9))
    assert np.abs(luma(finished).astype(int) - seen).max() <= 1


def test_two_classes_are_told_at_one_half():
    given = np.array([0, 127, 128, 255], np.uint8).reshape(1, 2, 2, 1)
    finished = task_of(recipes.Segment()).finish(given, given)
    np.testing.assert_array_equal(finished.ravel(), [0, 0, 1, 1])


class TestInTraining:
    def batches(self, images, fields, seed=0):
        recipe = Recipe(task=fields, training=Training(seed=seed))
        return TrainingBatches(as_source(images), BatchPlan(0, len(images), len(images)), recipe)

    def test_noise_is_drawn_afresh_for_each_step_and_the_target_stays(self, random_images):
        images = random_images(4, 9, 9, 1)
        batches = self.batches(images, recipes.Denoise())
        first, again, later = batches.batch(0), batches.batch(0), batches.batch(1)
        np.testing.assert_array_equal(first.input, again.input)
        order, other = (np.argsort(batch.target.sum(axis=(1, 2, 3))) for batch in (first, later))
        np.testing.assert_array_equal(first.target[order], later.target[other])
        assert (first.input[order] != later.input[other]).any()

    def test_other_images_than_in_evaluation(self, random_images):
        images = random_images(4, 9, 9, 1)
        recipe = Recipe(task=recipes.Denoise())
        (evaluated,) = EvaluationBatches(as_source(images), 9, recipe, 0)
        trained = self.batches(images, recipes.Denoise()).batch(0)
        assert not {image.tobytes() for image in trained.input} & {image.tobytes() for image in evaluated.input}
