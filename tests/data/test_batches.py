import numpy as np
import pytest

from isthmus.data import BatchPlan, EvaluationBatches, TrainingBatches, as_source, select
from isthmus.errors import UsageError
from isthmus.recipes import Pixels, Recipe, Training


def by(seed=0, **pixels):
    return Recipe(pixels=Pixels(**pixels), training=Training(seed=seed))


GREY, BINARISED = by(), by(binarise="stochastic")


def ramp(count, dtype="uint8"):
    """Images that hold every brightness once."""
    return as_source(np.tile(np.arange(256, dtype=np.uint8).reshape(1, 16, 16), (count, 1, 1)), dtype=dtype)


def all_evaluated(source, batch_size, recipe=BINARISED, seed=0):
    return np.concatenate([batch.target for batch in EvaluationBatches(source, batch_size, recipe, seed)])


class TestTraining:
    def test_follows_the_plan(self, random_images):
        source, plan = as_source(random_images(10, 3, 5, 2)), BatchPlan(1, 10, 4)
        batches = TrainingBatches(source, plan, by(seed=1))
        for step in (7, 0):
            batch = batches.batch(step)
            np.testing.assert_array_equal(batch.input, source.read(plan.indices(step)))
            np.testing.assert_array_equal(batch.target, batch.input)

    def test_the_threshold_is_left_to_the_graph(self, random_images):
        source = as_source(random_images(4, 3, 5))
        batch = TrainingBatches(source, BatchPlan(0, 4, 4), by(binarise="threshold")).batch(0)
        assert len(np.unique(batch.input)) > 2

    def test_a_step_is_the_same_each_time_and_steps_and_seeds_differ(self):
        source = ramp(4)
        batches = TrainingBatches(source, BatchPlan(0, 4, 4), BINARISED)
        again = TrainingBatches(source, BatchPlan(0, 4, 4), BINARISED)
        other = TrainingBatches(source, BatchPlan(0, 4, 4), by(seed=1, binarise="stochastic"))
        batches.batch(0)
        np.testing.assert_array_equal(batches.batch(3).input, again.batch(3).input)
        assert (batches.batch(3).input != batches.batch(4).input).any()
        assert (batches.batch(3).input != other.batch(3).input).any()

    def test_seen_and_target_are_one_draw(self):
        batch = TrainingBatches(ramp(4), BatchPlan(0, 4, 4), BINARISED).batch(0)
        np.testing.assert_array_equal(batch.input, batch.target)

    def test_refuses_the_plan_of_other_images(self):
        with pytest.raises(UsageError, match="4 images; got one for 5"):
            TrainingBatches(ramp(4), BatchPlan(0, 5, 2), GREY)


class TestEvaluation:
    @pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 99])
    def test_every_image_once_in_order(self, random_images, batch_size):
        images = random_images(10, 3, 5, 2)
        batches = list(EvaluationBatches(as_source(images), batch_size, GREY, 0))
        np.testing.assert_array_equal(np.concatenate([batch.input for batch in batches]), images)
        np.testing.assert_array_equal(np.concatenate([batch.target for batch in batches]), images)
        assert all(len(batch.input) == batch_size for batch in batches[:-1])

    @pytest.mark.parametrize("shape", [(7, 16, 16), (7, 3, 5), (7, 1, 1, 3), (7, 2, 4)])
    def test_the_draw_does_not_depend_on_the_batch_size(self, random_images, shape):
        source = as_source(random_images(*shape))
        whole = all_evaluated(source, 7)
        for batch_size in (1, 2, 3, 100):
            np.testing.assert_array_equal(all_evaluated(source, batch_size), whole)

    def test_nor_on_images_that_follow(self):
        np.testing.assert_array_equal(all_evaluated(select(ramp(9), range(5)), 2), all_evaluated(ramp(9), 4)[:5])

    def test_images_and_seeds_differ(self):
        drawn = all_evaluated(ramp(5), 5)
        assert len({image.tobytes() for image in drawn}) == 5
        assert (drawn != all_evaluated(ramp(5), 5, seed=1)).any()

    def test_it_is_checked_before_the_first_batch(self):
        with pytest.raises(UsageError, match="at least one image a batch"):
            EvaluationBatches(ramp(1), 0, GREY, 0)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("where", ["training", "evaluation"])
def test_white_comes_with_the_brightness_as_probability(dtype, where):
    count = 2000
    source = ramp(count, dtype)
    recipe = by(dtype=dtype, binarise="stochastic")
    if where == "training":
        drawn = TrainingBatches(source, BatchPlan(0, count, count), recipe).batch(0).input
    else:
        drawn = all_evaluated(source, 512, recipe)
    white = 255 if dtype == "uint8" else 1
    assert drawn.dtype == dtype
    assert set(np.unique(drawn)) == {0, white}
    frequency = (drawn == white).reshape(count, 256).mean(0)
    brightness = np.arange(256) / 255
    assert frequency[0] == 0.0
    assert frequency[255] == 1.0
    # Five standard errors of each, and of their mean.
    error = np.sqrt(brightness * (1 - brightness) / count)
    assert (np.abs(frequency - brightness) <= 5 * error).all()
    assert abs((frequency - brightness).mean()) < 5 * np.sqrt((error**2).sum()) / 256


def test_refuses_images_of_another_type():
    with pytest.raises(UsageError, match=r"expected float32 images.*got uint8.*dtype='float32'"):
        EvaluationBatches(ramp(1), 1, by(dtype="float32"), 0)
    with pytest.raises(UsageError, match="expected uint8 images"):
        TrainingBatches(ramp(1, "float32"), BatchPlan(0, 1, 1), GREY)
