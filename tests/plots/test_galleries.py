import numpy as np
import pytest
from matplotlib.figure import Figure

from isthmus.errors import UsageError
from isthmus.plots.galleries import samples

IMAGES = np.arange(1, 8, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 3, 1), np.uint8)


def cells(figure):
    """The first pixel and alpha of each cell: images of 3 pixels with a gap of one between."""
    sheet = np.asarray(figure.axes[0].get_images()[0].get_array())
    return sheet[::4, ::4, 0].tolist(), (sheet[::4, ::4, 3] > 0).tolist()


def test_without_labels_a_nearly_square_sheet():
    grey, seen = cells(samples(IMAGES))
    assert grey == [[1, 2, 3], [4, 5, 6], [7, 0, 0]]
    assert seen[2] == [True, False, False]
    assert cells(samples(IMAGES, columns=4))[0] == [[1, 2, 3, 4], [5, 6, 7, 0]]


def test_a_row_for_each_label():
    figure = samples(IMAGES, [2, 0, 2, 2, 0, 2, 5], class_names=["cat", "dog", "owl"], columns=3)
    grey, seen = cells(figure)
    assert grey == [[2, 5, 0], [1, 3, 4], [7, 0, 0]]
    assert seen == [[True, True, False], [True, True, True], [True, False, False]]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["cat", "owl", "5"]


def test_fewer_images_than_columns():
    assert len(cells(samples(IMAGES[:2], columns=9))[0][0]) == 2
    assert len(cells(samples(IMAGES[:2], [0, 0]))[0][0]) == 2


def test_bad_arguments_are_refused():
    with pytest.raises(UsageError, match="7 whole numbers"):
        samples(IMAGES, [1])
    with pytest.raises(UsageError, match="`columns`"):
        samples(IMAGES, columns=0)


def test_draws_in_given_axes():
    axes = Figure().add_subplot()
    assert samples(IMAGES, axes=axes) is axes.figure
    assert axes.get_images()
