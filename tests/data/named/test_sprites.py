import numpy as np
import pytest
from skimage.measure import moments_central

from isthmus.data.named.sprites import FACTORS, SHAPES, draw_sprites, sprite_source, sprites
from isthmus.errors import UsageError


@pytest.fixture(scope="module")
def some():
    return sprites(600, seed=3)


def centroids(images):
    """The centre of white, `(n, 2)`, x and y in pixels from the upper left corner."""
    white = images[..., 0] / 255.0
    places = np.arange(64) + 0.5
    area = white.sum((1, 2))
    return np.stack([white.sum(1) @ places / area, white.sum(2) @ places / area], axis=1)


def test_shapes_types_and_ranges(some):
    assert some.images.shape == (600, 64, 64, 1)
    assert some.images.dtype == np.uint8
    assert set(np.unique(some.images)) == {0, 255}
    assert some.factors.shape == (600, len(FACTORS))
    assert some.factors.dtype == np.float64
    assert some.labels.dtype == np.int64
    assert set(some.labels) == set(range(len(SHAPES)))
    assert (some.factors.min(0) >= [0, 0.5, 0, 0, 0]).all()
    assert (some.factors.max(0) <= [2, 1, 2 * np.pi, 1, 1]).all()
    # Nothing is left of the range: each factor comes near both its ends.
    assert (some.factors[:, 1:].max(0) - some.factors[:, 1:].min(0) > 0.95 * np.array([0.5, 2 * np.pi, 1, 1])).all()


def test_the_centre_is_where_x_and_y_say(some):
    expected = 16 + 32 * some.factors[:, 3:]
    assert np.abs(centroids(some.images) - expected).max() < 0.6


def test_every_shape_is_whole(some):
    border = np.concatenate(
        [some.images[:, 0], some.images[:, -1], some.images[:, :, 0], some.images[:, :, -1]], axis=1
    )
    assert not border.any()


@pytest.mark.parametrize(("shape", "area"), [(0, 20.0**2), (1, np.pi * 14 * 7)])
def test_the_area_is_the_formula_s(some, shape, area):
    chosen = some.labels == shape
    white = (some.images[chosen] > 0).sum((1, 2, 3))
    assert np.mean(white / some.factors[chosen, 1] ** 2) == pytest.approx(area, rel=0.01)


def test_rotation_is_counter_clockwise_as_seen():
    for angle in (0.0, 0.4, 1.2, 2.5):
        image = draw_sprites(np.array([[1, 1.0, angle, 0.5, 0.5]]))[0, ..., 0]
        moments = moments_central(image.astype(float))
        # The axis of least inertia of an image whose rows count downwards.
        axis = 0.5 * np.arctan2(-2 * moments[1, 1], moments[0, 2] - moments[2, 0])
        assert np.sin(axis - angle) == pytest.approx(0.0, abs=0.05)


def test_a_heart_stands_upright():
    heart = draw_sprites(np.array([[2, 1.0, 0.0, 0.5, 0.5]]))[0, ..., 0] > 0
    np.testing.assert_array_equal(heart, heart[:, ::-1])
    rows = np.flatnonzero(heart.any(1))
    assert heart[rows[0] + 4].sum() > heart[rows[-1] - 4].sum()
    assert not heart[rows[0], 31:33].any()  # the dent between its halves


def test_the_seed_fixes_all_and_more_begin_as_few():
    few, many, other = sprites(20, 5), sprites(50, 5), sprites(20, 6)
    np.testing.assert_array_equal(few.images, many.images[:20])
    np.testing.assert_array_equal(few.factors, many.factors[:20])
    assert (few.factors != other.factors).any()


def test_factors_draw_their_images_again(some):
    np.testing.assert_array_equal(draw_sprites(some.factors[::-1]), some.images[::-1])


def test_source():
    source = sprite_source(10, 3)
    made = sprites(10, 3)
    np.testing.assert_array_equal(source.factors, made.factors)
    np.testing.assert_array_equal(source.labels, made.labels)
    assert (source.class_names, source.factor_names) == (SHAPES, FACTORS)
    floats = sprite_source(10, 3, "float32")
    np.testing.assert_array_equal(floats.read(np.arange(10)) * 255, made.images)
    assert floats.spec.dtype == "float32"


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (-1, 0), (1, -1)])
def test_refuses_counts_and_seeds(count, seed):
    with pytest.raises(UsageError, match="at least one sprite"):
        sprites(count, seed)


@pytest.mark.parametrize(
    "factors",
    [
        [[0, 1, 0, 0]],
        [[3, 1, 0, 0, 0]],
        [[0, 1.1, 0, 0, 0]],
        [[0, 0, 0, 0, 0]],
        [[0, 1, np.nan, 0, 0]],
        [[0, 1, 0, 2, 0]],
    ],
)
def test_refuses_factors(factors):
    with pytest.raises(UsageError, match="expected"):
        draw_sprites(np.array(factors, float))
