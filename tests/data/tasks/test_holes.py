import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data.tasks.holes import draw_holes

KINDS = ("boxes", "strokes", "rows", "centre")


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(KINDS), st.floats(1e-6, 1))
def test_any_size_has_holes(height, width, kind, share):
    missing = draw_holes(height, width, kind, share, rng())
    assert missing.shape == (height, width)
    assert missing.dtype == bool
    assert missing.any()
    assert missing.sum() < missing.size or missing.size == 1


@pytest.mark.parametrize("kind", ["boxes", "strokes"])
def test_about_the_share_and_never_the_same(kind):
    shares = [draw_holes(64, 64, kind, 0.2, rng(seed)).mean() for seed in range(30)]
    assert np.min(shares) >= 0.2
    assert np.mean(shares) < 0.35
    assert len(set(shares)) > 20


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.9, 0.99, 1.0])
def test_something_is_always_known(kind, share):
    shares = np.array([draw_holes(12, 10, kind, share, rng(seed)).mean() for seed in range(50)])
    assert (shares < 1).all()
    assert (shares > 0.7).all()


def test_of_whole_rows_one_stays_whole():
    missing = draw_holes(6, 5, "rows", 1.0, rng())
    np.testing.assert_array_equal(np.sort(missing.sum(axis=1)), [0, 5, 5, 5, 5, 5])


def test_rows_are_whole():
    missing = draw_holes(20, 30, "rows", 0.25, rng())
    assert missing.sum() == 5 * 30
    assert (missing.all(axis=1) == missing.any(axis=1)).all()


def test_a_centred_quarter():
    missing = draw_holes(28, 28, "centre", 0.25, rng())
    expected = np.zeros((28, 28), bool)
    expected[7:21, 7:21] = True
    np.testing.assert_array_equal(missing, expected)
