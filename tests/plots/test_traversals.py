import numpy as np
import pytest
from matplotlib.figure import Figure

from isthmus.errors import UsageError
from isthmus.plots.traversals import traversal, traversal_codes


def decode(codes):
    """An image whose pixels are the code's coordinates."""
    return np.clip(128 + 20 * codes, 0, 255).astype(np.uint8)[:, None, :, None]


def test_one_coordinate_changes_at_a_time():
    codes = traversal_codes([1, 2, 3], [2, 0], [-1, 0, 5])
    assert codes.dtype == np.float32
    assert codes.tolist() == [[1, 2, -1], [1, 2, 0], [1, 2, 5], [-1, 2, 3], [0, 2, 3], [5, 2, 3]]


def test_rows_go_by_kl_and_say_it():
    figure = traversal(decode, [0.5, 1.0, 1.5], [0.25, 3.0, 0.25], values=[-2, 0, 2])
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["z[1] · 3.00 nats", "z[0] · 0.25 nats", "z[2] · 0.25 nats"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["−2", "0", "2"]
    assert axes.get_xlabel() == "value of the dimension"
    (sheet,) = axes.get_images()
    # Pictures of 1 by 3 pixels with a gap of one between: the first row is z[1] at -2, 0, 2.
    first_row = np.asarray(sheet.get_array())[0, :, 0]
    assert first_row.reshape(-1).tolist() == [138, 88, 158, 0, 138, 128, 158, 0, 138, 168, 158]


def test_default_columns_go_from_minus_three_to_three():
    labels = [label.get_text() for label in traversal(decode, np.zeros(2), np.ones(2)).axes[0].get_xticklabels()]
    assert (labels[0], labels[6], labels[-1], len(labels)) == ("−3", "0", "3", 13)


def test_rest_is_summed_up():
    axes = traversal(decode, np.zeros(5), [5, 4, 0.5, 0.25, 0.5], most=2).axes[0]
    assert len(axes.get_yticks()) == 2
    assert axes.get_xlabel().endswith("3 more hold 1.25 nats together")


def test_bad_arguments_are_refused():
    with pytest.raises(UsageError, match="base's 2 dimensions; got 3"):
        traversal(decode, [0, 0], [1, 2, 3])
    with pytest.raises(UsageError, match="`most`"):
        traversal(decode, [0, 0], [1, 2], most=0)
    for order in ([2], [-1], [0.5]):
        with pytest.raises(UsageError, match="dimensions from 0 to 1"):
            traversal_codes([0, 0], order)


def test_draws_in_given_axes():
    axes = Figure().add_subplot()
    assert traversal(decode, [0, 0], [1, 2], axes=axes) is axes.figure
    assert axes.get_images()


def test_coordinates_that_tell_as_much_stay_in_order():
    kl = np.tile([1.0, 2.0], 20)
    labels = [label.get_text() for label in traversal(decode, np.zeros(40), kl, most=40).axes[0].get_yticklabels()]
    order = [int(label[2 : label.index("]")]) for label in labels]
    assert order == [*range(1, 40, 2), *range(0, 40, 2)]
