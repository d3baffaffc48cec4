import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from isthmus.noise import normal_by_image, other_images, uniform_by_image

KINDS = [uniform_by_image, normal_by_image]


@pytest.mark.parametrize("draw", KINDS)
@given(dims=st.integers(1, 40), cuts=st.lists(st.integers(0, 20), max_size=4))
def test_batches_change_nothing(draw, dims, cuts):
    whole = draw([3, 1], 0, 20, dims)
    assert whole.shape == (20, dims)
    assert whole.dtype == np.float32
    ends = [0, *sorted(cuts), 20]
    parts = [draw([3, 1], start, end - start, dims) for start, end in itertools.pairwise(ends)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("draw", KINDS)
def test_seeds_and_streams_differ(draw):
    first = draw([0], 0, 50, 9)
    for seed in ([1], [0, 1], [1, 0]):
        assert not np.intersect1d(first, draw(seed, 0, 50, 9)).size > 5


@pytest.mark.parametrize(("draw", "law"), [(uniform_by_image, stats.uniform), (normal_by_image, stats.norm)])
@pytest.mark.parametrize("dims", [7, 8, 17])
def test_law(draw, law, dims):
    values = draw([5], 100, 3000, dims)
    assert stats.kstest(values.ravel(), law.cdf).pvalue > 1e-3
    # Neighbouring images and neighbouring numbers do not know each other.
    assert abs(np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1]) < 0.08
    assert abs(np.corrcoef(values[:, 0], values[:, 1])[0, 1]) < 0.08


def test_the_stretches_of_images_do_not_overlap():
    values = uniform_by_image([5], 0, 200, 9)
    assert len(np.unique(values)) > values.size - 10


def test_stays_within_bounds():
    uniform = uniform_by_image([0], 0, 1000, 100)
    assert uniform.min() >= 0.0
    assert uniform.max() < 1.0
    assert np.isfinite(normal_by_image([0], 0, 1000, 100)).all()


def test_the_lowest_uniform_number_gives_a_finite_normal_one(monkeypatch):
    monkeypatch.setattr("isthmus.noise.uniform_by_image", lambda *args: np.array([[0.0, 1 - 2.0**-24]], np.float32))
    low, high = normal_by_image([0], 0, 1, 2)[0]
    assert low == pytest.approx(stats.norm.ppf(2.0**-25))
    assert high == pytest.approx(-low)


@given(count=st.integers(2, 60), seed=st.integers(0, 5))
def test_every_image_is_another_ones_partner_once(count, seed):
    others = other_images(count, [seed])
    assert sorted(others) == list(range(count))
    assert not (others == np.arange(count)).any()


def test_partners_follow_from_the_seed_and_are_no_neighbours():
    others = other_images(1000, [3])
    np.testing.assert_array_equal(others, other_images(1000, [3]))
    assert np.mean(np.abs(others - np.arange(1000)) == 1) < 0.02
