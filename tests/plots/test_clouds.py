import numpy as np
import pytest
from matplotlib.collections import EllipseCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from isthmus.errors import UsageError
from isthmus.plots.clouds import scatter
from isthmus.plots.figures import save_figure
from isthmus.plots.style import THEMES

CODES = np.random.default_rng(0).normal(size=(200, 2))
LABELS = np.arange(200) % 10


def of_kind(figure, kind):
    return [item for item in figure.axes[0].collections if isinstance(item, kind)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_class_has_a_colour_a_shape_and_a_handle(theme):
    figure = scatter(CODES, LABELS, theme=theme)
    clouds = of_kind(figure, PathCollection)
    assert len(clouds) == 10
    assert len({to_hex(cloud.get_facecolor()[0]) for cloud in clouds}) == 10
    assert len({cloud.get_paths()[0].vertices.tobytes() for cloud in clouds}) == 10
    for label, cloud in enumerate(clouds):
        np.testing.assert_array_equal(cloud.get_offsets(), CODES[label == LABELS])
        assert to_hex(cloud.get_facecolor()[0]) == THEMES[theme].classes[label]
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [str(k) for k in range(10)]
    assert len(legend.legend_handles) == 10


def test_names_stand_at_the_medians():
    corners = np.array([[0, 0], [10, 0], [0, 10]])
    codes = corners[np.arange(30) % 3] + 0.1 * CODES[:30]
    figure = scatter(codes, np.arange(30) % 3, class_names=["cat", "dog", "owl"])
    places = {text.get_text(): text.xy for text in figure.axes[0].texts}
    for k, name in enumerate(("cat", "dog", "owl")):
        np.testing.assert_allclose(places[name], np.median(codes[k::3], axis=0))


def test_a_class_keeps_its_colour_when_others_are_missing():
    figure = scatter(CODES[:4], [3, 3, 7, 7], class_names=list("abcdefgh"))
    colours = [to_hex(cloud.get_facecolor()[0]) for cloud in of_kind(figure, PathCollection)]
    assert colours == [THEMES["light"].classes[3], THEMES["light"].classes[7]]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["d", "h"]


def test_without_labels_one_colour_and_no_legend():
    figure = scatter(CODES)
    (cloud,) = of_kind(figure, PathCollection)
    assert len(cloud.get_offsets()) == 200
    assert to_hex(cloud.get_facecolor()[0]) == THEMES["light"].accent
    assert figure.axes[0].get_legend() is None


@pytest.mark.parametrize("labels", [None, LABELS])
def test_ellipses_are_one_and_two_sigma(labels):
    log_variance = np.random.default_rng(1).normal(size=(200, 2))
    figure = scatter(CODES, labels, log_variance=log_variance)
    pairs = of_kind(figure, EllipseCollection)
    groups = [slice(None)] if labels is None else [k == LABELS for k in range(10)]
    assert len(pairs) == 2 * len(groups)
    sigma = np.sqrt(np.exp(log_variance))
    for k, group in enumerate(groups):
        for ellipses, times in ((pairs[2 * k], 2), (pairs[2 * k + 1], 1)):
            np.testing.assert_allclose(ellipses.get_widths(), 2 * times * sigma[group, 0])
            np.testing.assert_allclose(ellipses.get_heights(), 2 * times * sigma[group, 1])
            np.testing.assert_array_equal(ellipses.get_offsets(), CODES[group])
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    assert low < (CODES - 2 * sigma)[:, 1].min()
    assert high > (CODES + 2 * sigma)[:, 1].max()


def test_axes_say_what_they_are_and_share_a_unit():
    axes = scatter(CODES, axis_labels=("PC1", "PC2")).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("PC1", "PC2")
    assert axes.get_aspect() == 1
    assert scatter(CODES).axes[0].get_xlabel() == "z[0]"


@pytest.mark.parametrize("names", ["abcdef", ["a name", "cat", "longest of the names, cut short", "d", "ee", "fff"]])
def test_names_stay_within_the_axes_and_off_each_other_and_most_points(names):
    """All classes have one median: names that stood there would hide the middle."""
    rng = np.random.default_rng(2)
    codes, labels = rng.normal(size=(300, 2)), np.arange(300) % 6
    figure = scatter(codes, labels, class_names=names)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    window, points = axes.get_window_extent(), axes.transData.transform(codes)
    boxes = [text.get_bbox_patch().get_window_extent() for text in axes.texts]
    assert len(boxes) == 6
    for k, box in enumerate(boxes):
        assert window.x0 <= box.x0
        assert box.x1 <= window.x1
        assert window.y0 <= box.y0
        assert box.y1 <= window.y1
        assert not any(box.overlaps(other) for other in boxes[:k])
        hidden = [box.contains(*point) for point in points]
        assert np.mean(hidden) < 0.02


def test_many_classes_have_columns_in_the_legend_and_no_names_in_the_cloud():
    figure = scatter(CODES, np.arange(200) % 50)
    assert not figure.axes[0].texts
    assert len(figure.axes[0].get_legend().get_texts()) == 50


def test_bad_arguments_are_refused():
    with pytest.raises(UsageError, match=r"of 2 dimensions; got 3.*project"):
        scatter(np.zeros((5, 3)))
    with pytest.raises(UsageError, match="200 whole numbers"):
        scatter(CODES, [1, 2])
    with pytest.raises(UsageError, match=r"shape \(200, 2\); got \(200, 5\)"):
        scatter(CODES, log_variance=np.zeros((200, 5)))


def test_draws_in_given_axes():
    axes = Figure().add_subplot()
    assert scatter(CODES, LABELS, axes=axes) is axes.figure
    assert axes.collections


@pytest.mark.parametrize("labels", [None, [4]])
def test_a_single_code_is_drawn(labels):
    figure = scatter([[1.0, 2.0]], labels, log_variance=[[0.0, 0.0]])
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    assert low < -1
    assert high > 3


def test_names_stand_as_they_are_whatever_matplotlib_reads_into_them(tmp_path):
    names = ("_hidden", r"$\frac$", "a$b")
    figure = scatter(np.arange(12.0).reshape(6, 2), np.arange(6) % 3, class_names=names)
    text = save_figure(figure, tmp_path / "cloud.svg").read_text()
    for name in names:
        assert text.count(f">{name}</text>") == 2  # in the legend, and among the points
