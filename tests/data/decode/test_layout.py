from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data.decode.formats import SUFFIXES
from isthmus.data.decode.layout import lay_out
from isthmus.errors import DataError


def arranged(*paths, **said):
    layout = lay_out(paths, **said)
    classes = (*layout.class_names, None)  # -1 is the last
    labels = None if layout.labels is None else [classes[label] for label in layout.labels]
    return None if layout.is_test is None else layout.is_test.tolist(), labels, layout.names


def test_loose_files_have_no_classes():
    assert arranged("b.png", "a/c.png") == (None, None, ("b", "a/c"))


def test_few_images_outside_the_class_folders_are_strays():
    layout = lay_out(["overview.png", *(f"{name}/{number}.png" for name in ("cat", "dog") for number in range(5))])
    assert np.flatnonzero(layout.strays).tolist() == [0]
    assert layout.labels[~layout.strays].tolist() == 5 * [0] + 5 * [1]
    assert layout.notices == ("1 of 11 images of the data lies outside the class folders: left out",)


def test_many_images_outside_leave_no_classes():
    layout = lay_out(["1.png", "2.png", *(f"cat/{number}.png" for number in range(8))], where="'photos'")
    assert layout.labels is None
    assert not layout.strays.any()
    assert layout.notices == (
        "2 of 10 images of 'photos' lie outside the class folders: too many to leave out, so none has a label",
    )


@pytest.mark.parametrize("said", [{}, {"labels": ["dog", "cat", None], "splits": ["train", "train", "test"]}])
def test_a_split_without_classes_leaves_the_other_its_own(said):
    paths = ("train/dog/1.png", "train/cat/1.png", "test/1.png")
    assert arranged(*paths, **said)[:2] == ([False, False, True], ["dog", "cat", None])
    assert lay_out(paths, **said).notices == ("the 1 test images of the data have no labels, and the others have",)


def test_folders_are_classes():
    assert arranged("dog/1.png", "cat/far/2.png") == (None, ["dog", "cat"], ("dog/1", "cat/far/2"))


@pytest.mark.parametrize("test", ["test", "testing", "val", "validation"])
def test_folders_that_are_splits(test):
    assert arranged("train/dog/1.png", f"{test}/cat/1.png") == ([False, True], ["dog", "cat"], ("dog/1", "cat/1"))


def test_splits_with_capitals():
    assert arranged("Train/dog/1.png", "TEST/cat/1.png") == ([False, True], ["dog", "cat"], ("dog/1", "cat/1"))
    with pytest.raises(DataError, match="holds Test/, Train/, and images elsewhere too: More"):
        arranged("Train/1.png", "Test/1.png", "More/1.png")


def test_validation_beside_test_is_for_training():
    is_test, labels, names = arranged("train/1.png", "val/1.png", "test/1.png")
    assert is_test == [False, False, True]
    assert labels is None
    assert len(set(names[:2])) == 2


def test_a_training_folder_alone_is_a_split_and_among_others_a_class():
    assert arranged("train/steam/1.png")[1] == ["steam"]
    assert arranged("train/1.png", "car/1.png")[1] == ["train", "car"]


def test_splits_and_strays():
    with pytest.raises(DataError, match="the data holds test/, train/, and images elsewhere too: more"):
        lay_out(["train/1.png", "test/1.png", "more/1.png"])


def test_what_is_said_comes_before_folders():
    assert arranged("a/1.png", "a/2.png", labels=["x", "y"], splits=["test", "train"]) == (
        [True, False],
        ["x", "y"],
        ("a/1", "a/2"),
    )
    layout = lay_out(["1", "2"], labels=[1, 0], class_names=["zero", "one"])
    assert (layout.labels.tolist(), layout.class_names) == ([1, 0], ("zero", "one"))


@pytest.mark.parametrize(
    ("splits", "is_test"),
    [
        (["train", "test", "train"], [False, True, False]),
        (["Train ", " TEST", "training"], [False, True, False]),
        (["train", "val", "train"], [False, True, False]),
        (["train", "validation", "test"], [False, False, True]),
        (["train", None, "unsupervised"], None),
        (["train", "train", "train"], None),
        (["test", "test", "test"], [True, True, True]),
    ],
)
def test_splits_that_are_said(splits, is_test):
    assert arranged("1.png", "2.png", "3.png", splits=splits)[0] == is_test
    assert arranged("1.png", "2.png", "3.png", splits=splits, labels=["x", "y", "x"])[0] == is_test


def test_splits_that_are_said_and_are_folders_too_are_no_classes():
    splits = ["train", "test", "extra"]
    assert arranged("train/1", "test/2", "extra/3", splits=splits) == ([False, True, False], None, ("1", "2", "3"))
    assert arranged("train/dog/1", "test/cat/2", "extra/dog/3", splits=splits)[1] == ["dog", "cat", "dog"]
    assert arranged("dog/1", "cat/2", "dog/3", splits=splits)[1] == ["dog", "cat", "dog"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"labels": ["x", None]}, "1 of 2 have none"),
        ({"labels": [0, 2], "class_names": ["a", "b"]}, "labels from 0 to 1"),
    ],
)
def test_labels_that_do_not_fit(said, fault):
    with pytest.raises(DataError, match=fault):
        lay_out(["1", "2"], **said)


PARTS = st.text(st.sampled_from("ab./-\\ é\n"), max_size=6)


@given(st.lists(st.tuples(PARTS, PARTS, st.sampled_from([".png", ".jpg", ".PNG", "", ".x"])), min_size=1, max_size=30))
def test_names_are_unique_and_stay_below_a_folder(parts):
    names = lay_out([f"{folder}/{stem}{suffix}" for folder, stem, suffix in parts]).names
    assert len(set(names)) == len(names)
    for name in names:
        path = PurePosixPath(name)
        assert path.parts
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.suffix.lower() not in SUFFIXES


def test_some_of_them():
    layout = lay_out(["train/a/1.png", "train/b/2.png", "test/a/3.png"])
    kept = layout.keep(np.array([True, True, False]))
    assert kept.is_test is None
    assert (kept.names, kept.labels.tolist(), kept.class_names) == (("a/1", "b/2"), [0, 1], ("a", "b"))
