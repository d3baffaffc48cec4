import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import BatchPlan, TrainingBatches, as_source
from isthmus.data.tasks.augmentation import augment
from isthmus.errors import UsageError
from isthmus.recipes import Augmentation, Recipe, Training

BATCH = np.random.default_rng(0).integers(0, 256, (200, 12, 16, 3), np.uint8)


def changed(images=BATCH, seed=0, **how):
    return augment(images, Augmentation(**how), np.random.default_rng(seed))


def test_flips_are_flips_for_half_of_the_images():
    for name, axis in (("flip_vertical", 1), ("flip_horizontal", 2)):
        given = changed(**{name: True})
        flipped = (given == np.flip(BATCH, axis)).all(axis=(1, 2, 3))
        kept = (given == BATCH).all(axis=(1, 2, 3))
        assert (flipped ^ kept).all()
        assert 60 < flipped.sum() < 140


def test_all_eight_orientations_are_as_frequent():
    images = np.random.default_rng(1).integers(0, 256, (800, 9, 9, 3), np.uint8)
    given = changed(images, flip_horizontal=True, flip_vertical=True, transpose=True)
    turns = [np.rot90(image, turn, (1, 2)) for image in (images, images.swapaxes(1, 2)) for turn in range(4)]
    found = np.array([(given == turned).all(axis=(1, 2, 3)) for turned in turns])
    assert (found.sum(axis=0) == 1).all()
    assert found.sum(axis=1).min() > 70


def test_only_square_images_can_be_transposed():
    with pytest.raises(UsageError, match="these are 16x12: set"):
        changed(transpose=True)
    recipe = Recipe(augmentation=Augmentation(transpose=True), training=Training(batch_size=10))
    source = as_source(BATCH)
    with pytest.raises(UsageError, match="square"):
        TrainingBatches(source, BatchPlan(0, len(BATCH), 10), recipe)


def test_shifts_move_whole_pixels_no_farther_than_they_may():
    ramp = np.broadcast_to(np.arange(16, dtype=np.uint8) * 10, (200, 12, 16))[..., None]
    given = changed(ramp, shift=0.25)
    moved = (ramp[:, 0, 8].astype(int) - given[:, 0, 8].astype(int)) // 10
    assert set(moved.ravel().tolist()) == set(range(-4, 5))
    # The border comes in from beyond it.
    far = np.flatnonzero(moved.ravel() == 4)[0]
    assert given[far, 0, :5].ravel().tolist() == [0] * 5


def test_rotation_turns_about_the_middle():
    image = np.zeros((1, 21, 21, 1), np.uint8)
    image[0, 10, 10:] = 255  # a hand that points right
    angles = []
    for seed in range(100):
        rows, columns = np.nonzero(changed(image, seed, rotation=30.0)[0, ..., 0] > 60)
        far = columns > 15
        angles.append(np.rad2deg(np.arctan2(10 - rows[far].mean(), columns[far].mean() - 10)))
    assert min(angles) > -33
    assert max(angles) < 33
    assert min(angles) < -20
    assert max(angles) > 20


def test_crops_enlarge():
    ramp = np.broadcast_to(np.arange(0, 160, 10, dtype=np.uint8), (200, 12, 16))[..., None]
    spans = np.ptp(changed(ramp, crop=0.5)[:, 0, :, 0].astype(int), axis=1) / 150
    assert (spans > 0.47).all()
    assert (spans < 1.01).all()
    assert spans.min() < 0.55
    assert spans.max() > 0.95


def test_brightness_is_multiplied():
    plain = np.full((500, 2, 2, 1), 100, np.uint8)
    shades = changed(plain, brightness=0.3)
    assert (shades == shades[:, :1, :1]).all()
    assert shades.min() in (70, 71)
    assert shades.max() in (129, 130)


def test_alpha_is_no_brightness():
    images = np.full((50, 2, 2, 4), 100, np.uint8)
    given = changed(images, brightness=0.5)
    assert (given[..., 3] == 100).all()
    assert (given[..., 0] != 100).any()


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5)),
    dtype=st.sampled_from([np.uint8, np.float32]),
    data=st.data(),
)
def test_any_images_keep_their_shape_type_and_range(any_augmentation, shape, dtype, data):
    how = data.draw(any_augmentation)
    shape = (*shape[:2], shape[1], shape[3]) if how.transpose else shape
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, shape, np.uint8) if dtype == np.uint8 else rng.random(shape, np.float32)
    before = images.copy()
    given = augment(images, how, np.random.default_rng(1))
    np.testing.assert_array_equal(images, before)
    assert (given.shape, given.dtype) == (images.shape, images.dtype)
    assert given.min() >= 0
    assert given.max() <= (255 if dtype == np.uint8 else 1)


@given(st.data())
def test_a_plain_image_stays_plain(any_augmentation, data):
    how = data.draw(any_augmentation).model_copy(update={"brightness": 0.0})
    images = np.full((3, 7, 7 if how.transpose else 5, 2), 93, np.uint8)
    np.testing.assert_array_equal(augment(images, how, np.random.default_rng(2)), images)


@pytest.fixture(scope="session")
def any_augmentation():
    return st.builds(
        Augmentation,
        flip_horizontal=st.booleans(),
        flip_vertical=st.booleans(),
        transpose=st.booleans(),
        shift=st.floats(0.0, 0.5),
        crop=st.floats(0.0, 0.9),
        rotation=st.floats(0.0, 180.0),
        brightness=st.floats(0.0, 0.99),
    )


class TestInTraining:
    def batches(self, seed=0, **how):
        source = as_source(BATCH)
        recipe = Recipe(augmentation=Augmentation(**how), training=Training(seed=seed))
        return TrainingBatches(source, BatchPlan(0, len(source), 50), recipe)

    def test_it_follows_from_the_seed_and_the_step(self):
        how = {"flip_horizontal": True, "shift": 0.2, "rotation": 10.0}
        one, same, other = self.batches(**how), self.batches(**how), self.batches(1, **how)
        one.batch(0)
        np.testing.assert_array_equal(one.batch(3).input, same.batch(3).input)
        assert (one.batch(3).input != other.batch(3).input).any()
        assert (one.batch(3).input != self.batches().batch(3).input).any()

    def test_what_is_shown_is_what_must_be_given(self):
        batch = self.batches(rotation=10.0).batch(0)
        np.testing.assert_array_equal(batch.input, batch.target)

    def test_one_more_change_leaves_the_others_draws(self):
        flipped = self.batches(flip_horizontal=True).batch(0).input
        both = self.batches(flip_horizontal=True, flip_vertical=True).batch(0).input
        as_is = self.batches().batch(0).input
        was = (flipped != as_is).any(axis=(1, 2, 3))
        rows_sorted = [np.sort(images, axis=1) for images in (flipped, both)]
        np.testing.assert_array_equal(*rows_sorted)
        assert was.any()
