from itertools import permutations
from pathlib import PurePosixPath

import pytest

from isthmus import recipes
from isthmus.data import task_of
from isthmus.errors import DataError
from isthmus.restoration.names import settle_names

COLOURISE = task_of(recipes.Colourise())
DENOISE = task_of(recipes.Denoise())
INPAINT = task_of(recipes.Inpaint())
SEGMENT = task_of(recipes.Segment())
SUPER_RESOLVE = task_of(recipes.SuperResolve())
SMALL = (10, 12)


def results(images, task=None, draws=None, size=SMALL):
    settled = settle_names(images, [size] * len(images), task or DENOISE, draws)
    return {name: str(files.result) for name, files in settled.names.items()}


def test_names_stay_where_the_format_can():
    images = ["a.png", "b.JPG", "deep/er/c.webp", "d.bmp", "e.tif", "f.TIFF", "g.jpeg"]
    assert results(images) == {name: name for name in images}
    assert not settle_names(images, [SMALL] * 7, DENOISE, 2).notices


def test_other_formats_become_png_and_that_is_said():
    settled = settle_names(["deep/a.gif", "b", "c.png"], [SMALL] * 3, DENOISE, None)
    assert [str(files.result) for files in settled.names.values()] == ["deep/a.png", "b.png", "c.png"]
    assert settled.notices == (
        "1 of 3 results are written as PNG: isthmus writes no .gif files. That of 'deep/a.gif' is 'deep/a.png'",
        "1 of 3 results are written as PNG: their images' names have no format. That of 'b' is 'b.png'",
    )


@pytest.mark.parametrize("task", [INPAINT, COLOURISE])
def test_what_must_not_change_is_in_no_format_that_changes_it(task):
    assert results(["a.jpg", "b.jpeg", "c.webp", "d.bmp"], task) == {
        "a.jpg": "a.png",
        "b.jpeg": "b.png",
        "c.webp": "c.webp",
        "d.bmp": "d.bmp",
    }
    assert "JPEG would change their known pixels" in settle_names(["a.jpg"], [SMALL], task, None).notices[0]


@pytest.mark.parametrize(("suffix", "longest"), [("webp", 16_383), ("jpg", 65_500)])
def test_what_is_too_long_for_a_format_becomes_png(suffix, longest):
    name = f"a.{suffix}"
    assert results([name], SUPER_RESOLVE, size=(8, longest)) == {name: name}
    assert results([name], SUPER_RESOLVE, size=(longest + 1, 8)) == {name: "a.png"}
    assert f"more than {longest:,} pixels" in settle_names([name], [(8, longest + 1)], SUPER_RESOLVE, None).notices[0]


def test_a_segmentation_is_a_png():
    assert results(["a.jpg", "b.PNG"], SEGMENT) == {"a.jpg": "a.png", "b.PNG": "b.PNG"}


def test_like_names_stay_apart_in_any_order():
    images = ["cat.gif", "cat.png", "cat.jpg", "cat.ppm", "dog.ppm"]
    for order in permutations(images):
        assert results(order) == {
            "cat.gif": "cat.gif.png",
            "cat.png": "cat.png",
            "cat.jpg": "cat.jpg",
            "cat.ppm": "cat.ppm.png",
            "dog.ppm": "dog.png",
        }
    notices = settle_names(images, [SMALL] * 5, DENOISE, None).notices
    assert "2 of 5 results have longer names" in notices[-1]  # the two that another took the short one from


@pytest.mark.parametrize(
    ("images", "task", "draws"),
    [
        (["a.png", "a-1.png"], DENOISE, 1),
        (["a.jpg", "a.png", "a.webp"], DENOISE, 2),
        (["a.png", "a-overlay.png"], SEGMENT, None),
        (["a.png", "a-uncertainty.png", "a-overlay.jpg", "a-2.gif"], SEGMENT, 2),
    ],
)
def test_what_is_beside_a_result_is_no_other_result(images, task, draws):
    settled = settle_names(images, [SMALL] * len(images), task, draws)
    files = [path for names in settled.names.values() for path in names.files(task, draws)]
    assert len(set(files)) == len(files)
    assert "longer names" in settled.notices[-1]


def test_the_files_of_a_result():
    names = settle_names(["deep/a.jpg"], [SMALL], DENOISE, 2).names["deep/a.jpg"]
    assert list(map(str, names.files(DENOISE, 2))) == [
        *("deep/a.jpg", "deep/a-1.jpg", "deep/a-2.jpg", "deep/a-uncertainty.png")
    ]
    assert list(map(str, names.files(SEGMENT, None))) == ["deep/a.jpg", "deep/a-overlay.png"]


@pytest.mark.parametrize("name", ["/etc/a.png", "../../etc/a.png", "etc/../../etc/a.png"])
def test_no_name_leads_out_of_the_folder(name):
    result = PurePosixPath(results([name])[name])
    assert not result.is_absolute()
    assert ".." not in result.parts


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (["a.png", "a.png"], "'a.png' is there more than once"),
        (["/x/a.png", "x/a.png"], "'x/a.png' would be one of '/x/a.png' and of 'x/a.png'"),
        (["cat.gif", "cat.png", "cat.gif.png"], "'cat.gif.png' would be one of 'cat.gif' and of 'cat.gif.png'"),
    ],
)
def test_names_that_cannot_be_told_apart(images, message):
    with pytest.raises(DataError, match=message):
        results(images)
