import pytest

from isthmus.errors import DataError, UsageError
from isthmus.workflows.datasets import choose_images


def test_a_class_and_a_number_of_images_are_chosen(tiny_run, bars):
    chosen = choose_images(tiny_run, bars, label="1", count=2)
    assert chosen.images.labels.tolist() == [1, 1]
    assert "class 1" in chosen.what
    assert chosen.note == ""
    assert len(choose_images(tiny_run, bars).images) == tiny_run.manifest.data.test_images
    assert len(choose_images(tiny_run, bars, default=3).images) == 3


def test_a_class_may_be_a_number(tiny_run, bars):
    chosen = choose_images(tiny_run, bars, label=1)
    assert set(chosen.images.labels) == {1}
    assert chosen.what.endswith("of class 1")


def test_fewer_images_than_asked_for_are_all_taken_and_said(tiny_run, bars):
    chosen = choose_images(tiny_run, bars, count=5000)
    assert len(chosen.images) == tiny_run.manifest.data.test_images
    assert chosen.note == f"5,000 images were asked for; there are {len(chosen.images)}"


def test_images_that_cannot_be_found_ask_for_data(tiny_run):
    with pytest.raises(DataError, match="--data DATA"):
        choose_images(tiny_run)


@pytest.mark.parametrize(("options", "words"), [({"label": "9"}, "0, 1, 2"), ({"count": 0}, "1 or more")])
def test_what_there_is_not_is_refused(tiny_run, bars, options, words):
    with pytest.raises(UsageError, match=words):
        choose_images(tiny_run, bars, **options)


def test_a_label_of_images_without_labels_is_refused(tiny_run, bars):
    with pytest.raises(UsageError, match="no labels"):
        choose_images(tiny_run, bars[0][:9], label="1")


def test_an_image_is_found_by_name_or_number(tiny_run, bars):
    chosen = choose_images(tiny_run, bars)
    assert chosen.number_of(chosen.images.names[3]) == 3
    assert chosen.number_of("2") == 2
    assert chosen.number_of(2) == 2
    for wrong in ("nothing", str(len(chosen.images)), "-1", len(chosen.images), -1):
        with pytest.raises(UsageError, match="there is no image"):
            chosen.number_of(wrong)
