import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from isthmus.errors import UsageError
from isthmus.plots.style import MARKER_AREAS, MARKERS, THEMES, format_number, style_axes, style_context


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_house_leaves_settings_as_they_were():
    before = dict(mpl.rcParams)
    with style_context("dark") as look:
        assert mpl.rcParams["figure.facecolor"] == look.background == THEMES["dark"].background
    assert dict(mpl.rcParams) == before


def test_house_knows_two_themes():
    with pytest.raises(UsageError, match="light, dark; got 'sepia'"), style_context("sepia"):
        pass


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme):
    look = THEMES[theme]
    assert contrast(look.ink, look.background) >= 7
    assert contrast(look.muted, look.background) >= 3.5
    assert contrast(look.highlight, look.background) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_classes_differ_by_colour_and_by_shape(theme):
    colours = THEMES[theme].classes
    assert len(set(colours)) == 10
    pairs = {(colours[k % len(colours)], MARKERS[k % len(MARKERS)]) for k in range(110)}
    assert len(pairs) == 110
    assert set(MARKER_AREAS) <= set(MARKERS)


def test_okabe_and_ito():
    assert {"#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#000000"} <= set(THEMES["light"].classes)


def test_dress_reaches_ticks_that_are_made_later():
    axes = Figure().add_subplot()
    with style_context("dark") as look:
        style_axes(axes, look, grid=True)
    axes.set_xlim(0, 1000)
    axes.figure.draw_without_rendering()
    assert {label.get_color() for label in axes.get_xticklabels()} == {look.ink}
    assert {line.get_color() for line in axes.get_xgridlines()} == {look.grid}
    assert not axes.spines["top"].get_visible()
    assert axes.spines["left"].get_visible()


def test_number_has_a_true_minus():
    assert format_number(-0.5) == "−0.5"
    assert format_number(3.0) == "3"
    assert format_number(-1.256, 2) == "−1.26"
