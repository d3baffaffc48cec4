import numpy as np
import pytest

from isthmus.errors import DataError, UsageError
from isthmus.workflows.reopening import choose_images, number_of, reopen


def test_the_runs_own_images_are_its_test_images(tiny_run, bars):
    found = reopen(tiny_run, bars)
    assert found.split == "test"
    assert len(found.images) == tiny_run.manifest.data.test_images
    assert found.what == "test images of images"


def test_images_that_cannot_be_found_ask_for_data(tiny_run):
    with pytest.raises(DataError, match="--data DATA"):
        reopen(tiny_run)


def test_other_images_are_taken_whole(tiny_run, bars):
    found = reopen(tiny_run, (bars[0][:7], bars[1][:7]))
    assert (found.split, len(found.images), found.what) == ("all", 7, "images of images")


def test_images_of_another_shape_are_refused(tiny_run):
    with pytest.raises(DataError, match="10x12x1"):
        reopen(tiny_run, np.zeros((4, 5, 5), np.uint8))


def test_a_class_and_a_number_of_images_are_chosen(tiny_run, bars):
    source, what, note = choose_images(tiny_run, bars, label="1", count=2)
    assert source.labels.tolist() == [1, 1]
    assert "class 1" in what
    assert note == ""
    everything, _, _ = choose_images(tiny_run, bars)
    assert len(everything) == tiny_run.manifest.data.test_images
    assert len(choose_images(tiny_run, bars, default=3)[0]) == 3


def test_a_class_may_be_a_number(tiny_run, bars):
    source, what, _ = choose_images(tiny_run, bars, label=1)
    assert set(source.labels) == {1}
    assert what.endswith("of class 1")


def test_fewer_images_than_asked_for_are_all_taken_and_said(tiny_run, bars):
    source, _, note = choose_images(tiny_run, bars, count=5000)
    assert len(source) == tiny_run.manifest.data.test_images
    assert note == f"5,000 images were asked for; there are {len(source)}"


@pytest.mark.parametrize(("options", "words"), [({"label": "9"}, "0, 1, 2"), ({"count": 0}, "1 or more")])
def test_what_there_is_not_is_refused(tiny_run, bars, options, words):
    with pytest.raises(UsageError, match=words):
        choose_images(tiny_run, bars, **options)


def test_a_label_of_images_without_labels_is_refused(tiny_run, bars):
    with pytest.raises(UsageError, match="no labels"):
        choose_images(tiny_run, bars[0][:9], label="1")


def test_an_image_is_found_by_name_or_number(tiny_run, bars):
    source, what, _ = choose_images(tiny_run, bars)
    assert number_of(source, source.names[3], what) == 3
    assert number_of(source, "2", what) == 2
    assert number_of(source, 2, what) == 2
    for wrong in ("nothing", str(len(source)), "-1", len(source), -1):
        with pytest.raises(UsageError, match="there is no image"):
            number_of(source, wrong, what)
