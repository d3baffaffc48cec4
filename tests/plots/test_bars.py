import numpy as np
import pytest

from isthmus.errors import UsageError
from isthmus.plots import THEMES, dimension_bars


def _heights(figure):
    return [bar.get_height() for bar in figure.axes[0].patches]


def test_the_dimension_that_tells_most_comes_first_and_is_named():
    figure = dimension_bars([0.5, 2.0, 0.001], inactive=0.01)
    assert _heights(figure) == [2.0, 0.5, 0.001]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "0", "2"]
    assert figure.axes[0].get_ylabel() == "nats"


def test_silent_dimensions_are_grey_and_counted():
    figure = dimension_bars([0.5, 2.0, 0.001, 0.0], inactive=0.01, theme="dark")
    look = THEMES["dark"]
    colours = [bar.get_facecolor()[:3] for bar in figure.axes[0].patches]
    as_rgb = [tuple(int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)) for c in (look.accent, look.muted)]
    np.testing.assert_allclose(colours, [as_rgb[0]] * 2 + [as_rgb[1]] * 2)
    assert "2 of 4 below 0.01 nats" in [text.get_text() for text in figure.axes[0].texts]


def test_many_dimensions_are_not_named_one_by_one():
    figure = dimension_bars(np.arange(64.0))
    assert _heights(figure) == list(np.arange(64.0)[::-1])
    assert "sorted" in figure.axes[0].get_xlabel()
    assert not figure.axes[0].texts


@pytest.mark.parametrize("values", [[], [[1.0]], [-0.1, 1.0], [np.nan]])
def test_what_cannot_be_is_refused(values):
    with pytest.raises(UsageError):
        dimension_bars(values)
