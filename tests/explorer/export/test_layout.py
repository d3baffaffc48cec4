import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.explorer.export.layout import Layout, natural_order, shortest_period, tables_of


def from_tables(tables):
    """The index that tables stand for, written out element by element."""
    index = np.empty(tuple(len(table) for table in tables), np.int64)
    for place in np.ndindex(index.shape):
        terms = [table[i] for table, i in zip(tables, place, strict=True)]
        index[place] = -1 if min(terms) < 0 else sum(terms)
    return index


@given(st.lists(st.lists(st.integers(-1, 50), min_size=1, max_size=5), min_size=1, max_size=4))
def test_tables_give_the_index_back(tables):
    index = from_tables(tables)
    found = tables_of(index)
    if (index < 0).all():
        assert found is None
    else:
        assert all((table >= -1).all() for table in found)
        np.testing.assert_array_equal(from_tables(found), index)


@pytest.mark.parametrize("index", [[[0, 1], [1, 0]], [[0, 1], [2, -1]], [[-1, -1]]])
def test_an_index_that_is_no_sum_has_no_tables(index):
    assert tables_of(np.array(index)) is None


@given(st.permutations(range(4)))
def test_the_natural_order_undoes_a_transposition(axes):
    index = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).transpose(axes)
    layout = Layout(0, index.transpose(natural_order(index)))
    assert layout.is_in_order(120)
    assert layout.fills(120)


def test_what_a_view_says_of_its_buffer():
    grid = np.arange(6).reshape(2, 3)
    assert Layout(0, grid).is_in_order(6)
    assert not Layout(0, grid.T).is_in_order(6)
    assert Layout(0, grid.T).fills(6)
    assert not Layout(0, grid[:, :2]).fills(6)  # cropped
    assert not Layout(0, np.zeros((2, 3), np.int64)).fills(6)  # repeated
    padded = Layout(0, np.pad(grid, 1, constant_values=-1))
    assert padded.is_padded
    assert not padded.fills(6)


@given(st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=6), st.integers(1, 5))
def test_the_shortest_period_repeats_to_the_whole(values, times):
    whole = np.tile(np.array(values, np.float32), times)
    found = shortest_period(whole)
    np.testing.assert_array_equal(np.resize(found, len(whole)), whole)
    assert len(whole) % len(found) == 0
    assert len(found) <= len(values)
