import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.figure import Figure

from isthmus.errors import UsageError
from isthmus.plots.paths import interpolation, lerp, slerp

numbers = st.floats(-10, 10, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)
pairs = st.integers(1, 6).flatmap(lambda d: st.tuples(*[arrays(np.float32, d, elements=numbers)] * 2))
fractions = np.linspace(0, 1, 9)


@given(pairs)
def test_ends_are_exact(pair):
    start, end = pair
    for path in (lerp, slerp):
        codes = path(start, end, fractions)
        assert codes.dtype == np.float32
        assert codes.shape == (9, len(start))
        np.testing.assert_array_equal(codes[0], start)
        np.testing.assert_array_equal(codes[-1], end)


@given(pairs)
def test_lerp_steps_evenly(pair):
    steps = np.diff(lerp(*pair, fractions), axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to((pair[1] - pair[0]) / 8, steps.shape), atol=1e-5)


@given(pairs)
def test_slerp_keeps_the_length_of_ends_as_long(pair):
    start, end = pair
    assume(len(start) > 1 and start.any() and end.any())
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    np.testing.assert_allclose(np.linalg.norm(slerp(start, end, fractions), axis=1), 1, atol=1e-5)


@given(pairs)
def test_slerp_turns_evenly_and_its_length_goes_straight(pair):
    start, end = (vector.astype(np.float64) for vector in pair)
    assume(len(start) > 1 and start.any() and end.any())
    codes = slerp(start, end, fractions).astype(np.float64)
    lengths = np.linalg.norm(codes, axis=1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], 9), rtol=1e-4)
    directions = codes / lengths[:, None]
    chords = np.linalg.norm(np.diff(directions, axis=0), axis=1)
    np.testing.assert_allclose(chords, chords.mean(), atol=1e-4)


def test_slerp_agrees_with_shoemakes_formula():
    start, end = np.array([1.0, 2.0, 2.0]), np.array([2.0, -1.0, 2.0])
    angle = np.arccos(start @ end / 9)
    expected = [(np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle) for t in fractions]
    np.testing.assert_allclose(slerp(start, end, fractions), expected, atol=1e-6)


def test_slerp_of_opposite_ends_goes_around():
    codes = slerp([1.0, 2.0, 3.0], [-1.0, -2.0, -3.0], [0, 0.5, 1])
    assert abs(codes[1] @ np.array([1.0, 2.0, 3.0])) < 1e-5
    assert np.linalg.norm(codes[1]) == pytest.approx(14**0.5)


def test_slerp_without_a_circle_is_straight():
    np.testing.assert_array_equal(slerp([0, 0], [2, 4], [0.5]), [[1, 2]])
    np.testing.assert_array_equal(slerp([-1], [3], [0.25]), [[0]])


def decode(codes):
    return np.clip(100 + 10 * codes, 0, 255).round().astype(np.uint8)[:, None, :, None]


@pytest.mark.parametrize(("way", "middle"), [("linear", [105, 105]), ("spherical", [107, 107])])
def test_interpolation_draws_a_row_for_each_pair(way, middle):
    figure = interpolation(decode, [[1, 0], [0, 3]], [[0, 1], [0, 9]], steps=3, way=way)
    axes = figure.axes[0]
    sheet = np.asarray(axes.get_images()[0].get_array())[..., 0]
    assert sheet[0].tolist() == [110, 100, 0, *middle, 0, 100, 110]
    assert sheet[2].tolist() == [100, 130, 0, 100, 160, 0, 100, 190]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "0.5", "1"]
    assert way in axes.get_xlabel()


def test_bad_arguments_are_refused():
    with pytest.raises(UsageError, match="start's 2 dimensions; got 3"):
        lerp([0, 0], [1, 1, 1], [0.5])
    with pytest.raises(UsageError, match=r"shape \(1, 2\); got \(2, 2\)"):
        interpolation(decode, [[0, 0]], [[1, 1], [2, 2]])
    with pytest.raises(UsageError, match="`steps` of 2 or more"):
        interpolation(decode, [[0, 0]], [[1, 1]], steps=1)
    with pytest.raises(UsageError, match="linear, spherical; got 'bent'"):
        interpolation(decode, [[0, 0]], [[1, 1]], way="bent")


def test_draws_in_given_axes():
    axes = Figure().add_subplot()
    assert interpolation(decode, [[0, 0]], [[1, 1]], axes=axes) is axes.figure
    assert axes.get_images()
