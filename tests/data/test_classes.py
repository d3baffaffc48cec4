import numpy as np
import pytest

from isthmus.data import as_source, match_classes, select
from isthmus.data.classes import class_number
from isthmus.errors import UsageError

DIGITS = tuple("0123456789")


def labelled(labels, class_names=()):
    source = as_source(np.zeros((len(labels), 2, 2, 1), np.uint8), np.array(labels))
    return source if not class_names else type(source)(source.images, np.array(labels), tuple(class_names))


@pytest.mark.parametrize(
    ("labels", "names", "known", "expected", "others"),
    [
        ([0, 1, 2, 1], ("3", "7", "9"), DIGITS, [3, 7, 9, 7], ()),
        ([0, 1, 2], ("bird", "cat", "dog"), ("dog", "cat"), [2, 1, 0], ("bird",)),
        ([1, 1], ("bird", "cat"), ("dog", "cat"), [1, 1], ()),  # no image is a bird
        ([3, 7], (), ("7", "3"), [1, 0], ()),  # numbers are names where such names are known
        ([0, 2], (), ("dog", "cat"), [0, 2], ("2",)),  # numbers of the run's classes where not
    ],
)
def test_classes_are_matched_by_name(labels, names, known, expected, others):
    matched = match_classes(labelled(labels, names), known)
    assert matched.labels.tolist() == expected
    assert matched.class_names == (*known, *others)
    assert len(matched) == len(labels)


def test_sources_with_nothing_to_match_stay_as_they_are():
    unlabelled, same = as_source(np.zeros((2, 2, 2, 1), np.uint8)), labelled([0, 1], ("a", "b"))
    assert match_classes(unlabelled, DIGITS) is unlabelled
    assert match_classes(same, ("a", "b")) is same
    assert match_classes(same, ()) is same


def test_a_selection_keeps_the_matched_labels():
    chosen = select(match_classes(labelled([0, 1, 2], ("3", "7", "9")), DIGITS), [2, 0])
    assert chosen.labels.tolist() == [9, 3]
    assert chosen.class_names == DIGITS


def test_an_integer_is_a_number_and_a_string_a_name_if_it_can_be():
    names = ("1", "2", "3")
    assert [class_number(label, names) for label in ("3", 1, 2, "0")] == [2, 1, 2, 0]
    with pytest.raises(UsageError, match="label"):
        class_number(3, names)
