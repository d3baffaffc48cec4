import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.evaluation.summaries import code_worth
from isthmus.runs import encode


@pytest.fixture(scope="module")
def by_class(bars):
    """The bars class by class, as folders list them."""
    images, labels = bars
    order = np.argsort(labels, kind="stable")
    return as_source(images[order])


def test_what_a_code_is_worth_does_not_depend_on_neighbours_of_one_class(tiny_ae_run, bars, by_class):
    mixed, sorted_by_class = (encode(tiny_ae_run, source, 0) for source in (as_source(bars[0]), by_class))
    expected = pytest.approx(code_worth(tiny_ae_run, mixed), rel=0.15)
    assert code_worth(tiny_ae_run, sorted_by_class) == expected
