import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.lossy.grid import Grid, fit_grid
from isthmus.codec.lossy.masses import LEAST_WIDTH, MOST_WIDTH, REACH
from isthmus.errors import ArchiveError

WHOLE = st.integers(-128, 127)


@st.composite
def grids(draw):
    dim = draw(st.integers(1, 70))
    column = [
        draw(st.lists(values, min_size=dim, max_size=dim))
        for values in (WHOLE, st.integers(-(2**15), 2**15 - 1), st.integers(LEAST_WIDTH, MOST_WIDTH))
    ]
    return Grid(*(np.array(values, np.int64) for values in column))


@given(grids())
def test_a_grid_survives_its_bytes(grid):
    back = Grid.from_bytes(grid.to_bytes(), grid.dim)
    for name in ("steps", "centres", "widths"):
        np.testing.assert_array_equal(getattr(back, name), getattr(grid, name))


def test_numbers_that_carry_nothing_take_next_to_no_bytes():
    still = fit_grid(np.ones(64), np.zeros(64), np.full(64, 1e-4), 1.0)
    assert len(still.to_bytes()) <= 20


@given(st.lists(st.floats(-20.0, 20.0), min_size=1, max_size=30), st.floats(1e-3, 10.0))
def test_quantised_codes_are_the_nearest(values, coarseness):
    codes = np.array(values)[:, None]
    grid = fit_grid(np.ones(1), np.array([1.5]), np.array([20.0]), coarseness)
    distance = 2.0 ** (grid.steps[0] / 8)
    back = grid.dequantise(grid.quantise(codes))
    assert np.abs(back - codes).max() <= distance / 2 * (1 + 1e-6)
    np.testing.assert_array_equal(grid.quantise(back), grid.quantise(codes))


def test_a_step_is_as_coarse_as_was_asked_to_the_next_eighth_of_an_octave():
    tolerances = np.array([0.01, 0.3, 1.0])
    grid = fit_grid(tolerances, np.zeros(3), np.ones(3), 2.0)
    distances = 2.0 ** (grid.steps / 8)
    ratio = distances / (2.0 * tolerances)
    assert ratio.min() >= 1.0
    assert ratio.max() <= 2 ** (1 / 8)
    np.testing.assert_allclose(2.0 ** (grid.widths / 8), 1.0 / distances, rtol=0.05)


def test_no_grid_is_finer_than_quantised_codes_can_reach():
    grid = fit_grid(np.ones(2), np.zeros(2), np.array([1.0, 30.0]), 1e-9)
    codes = np.array([[5.0, -150.0], [-5.0, 150.0]])  # five deviations off
    np.testing.assert_allclose(grid.dequantise(grid.quantise(codes)), codes, rtol=0.01)
    assert grid.quantise(codes).max() < REACH - 1
    assert grid.widths.max() <= MOST_WIDTH


def test_codes_far_from_zero_are_not_cut():
    means = np.array([-700.0, 5e4])
    grid = fit_grid(np.full(2, 1e-3), means, np.full(2, 1e-4), 0.1)
    codes = means + np.array([[3e-4, -3e-4]])
    np.testing.assert_allclose(grid.dequantise(grid.quantise(codes)), codes, rtol=1e-4)


def test_what_lies_beyond_is_cut():
    grid = Grid(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
    np.testing.assert_array_equal(grid.quantise(np.array([[1e6], [-1e6]])), [[REACH - 1], [-REACH]])


@pytest.mark.parametrize("damage", [lambda b: b[:-3], lambda b: b"", lambda b: b[:9] + b"\x7f" + b[10:]])
def test_damage_is_an_error(damage):
    content = fit_grid(np.ones(4), np.zeros(4), np.ones(4), 1.0).to_bytes()
    with pytest.raises(ArchiveError):
        Grid.from_bytes(damage(content), 4)


def test_a_width_that_cannot_be_is_an_error():
    grid = Grid(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([MOST_WIDTH + 1]))
    with pytest.raises(ArchiveError, match="a width is out of range"):
        Grid.from_bytes(grid.to_bytes(), 1)
