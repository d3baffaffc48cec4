import numpy as np
import pytest
from matplotlib.figure import Figure

from isthmus.errors import UsageError
from isthmus.plots.curves import history

COLUMNS = {
    "epoch": [1, 2, 3, 4],
    "seconds": [9, 8, 8, 8],
    "loss": [200, 160, 150, 149],
    "rate": [1, 4, 6, 7],
    "val_loss": [190, 155, 152.5, 158],
    "val_rate": [1.5, 4.5, 6.5, 7.5],
}


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def test_a_panel_for_each_term_with_both_curves():
    figure = history(COLUMNS)
    assert [axes.get_title("left") for axes in figure.axes] == ["loss", "rate"]
    for axes, term in zip(figure.axes, ("loss", "rate"), strict=True):
        drawn = lines(axes)
        assert drawn["training"].get_ydata().tolist() == COLUMNS[term]
        assert drawn["validation"].get_ydata().tolist() == COLUMNS[f"val_{term}"]
        assert drawn["training"].get_xdata().tolist() == COLUMNS["epoch"]
    assert figure.axes[0].get_ylabel() == "nats per image"


def test_best_epoch_is_the_lowest_of_the_first_terms_validation():
    figure = history(COLUMNS)
    for axes, value in zip(figure.axes, (152.5, 6.5), strict=True):
        best = lines(axes)["best: epoch 3"]
        assert (best.get_xdata()[0], best.get_ydata()[0]) == (3, value)
    assert [text.get_text() for text in figure.axes[0].texts] == ["152.50"]


def test_best_epoch_can_be_said():
    assert "best: epoch 2" in lines(history(COLUMNS, best_epoch=2).axes[0])


def test_what_is_not_finite_is_not_best():
    columns = {"loss": [np.nan, 5.0, 4.0], "val_loss": [np.nan, 6.0, -np.inf]}
    assert "best: epoch 2" in lines(history(columns).axes[0])
    assert len(lines(history({"loss": [np.nan]}).axes[0])) == 1


def test_training_alone():
    drawn = lines(history({"loss": [3.0, 1.0, 2.0], "seconds": [1, 1, 1]}).axes[0])
    assert set(drawn) == {"training", "best: epoch 2"}


def test_one_epoch_is_a_point():
    drawn = lines(history({"loss": [3.0], "val_loss": [2.0]}).axes[0])
    assert drawn["training"].get_marker() == "o"
    assert lines(history(COLUMNS).axes[0])["training"].get_marker() == "None"


def test_draws_in_given_axes():
    panels = Figure().subplots(1, 2)
    assert history(COLUMNS, axes=panels) is panels[0].figure
    assert panels[1].get_lines()
    axes = Figure().add_subplot()
    assert history(COLUMNS, terms=["rate"], axes=axes) is axes.figure
    with pytest.raises(UsageError, match="2 axes, one for each term; got 1"):
        history(COLUMNS, axes=axes)


@pytest.mark.parametrize(
    ("columns", "arguments", "message"),
    [
        (COLUMNS, {"terms": ["losss"]}, "got losss.*It has epoch, seconds, loss"),
        ({}, {}, "got none.*no columns"),
        ({"loss": []}, {}, "a number for each epoch"),
        ({"loss": [1, 2], "val_loss": [1]}, {}, "same length"),
    ],
)
def test_bad_histories_are_refused(columns, arguments, message):
    with pytest.raises(UsageError, match=message):
        history(columns, **arguments)
