import numpy as np
import pytest
from PIL import Image

from isthmus.data import open_images
from isthmus.errors import DataError
from isthmus.workflows.inspection import inspect


@pytest.fixture
def photos(tmp_path):
    """40 JPEGs in two classes."""
    rng = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / "photos" / ("cat" if number % 2 else "dog") / f"{number:02d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).save(path)
    return tmp_path / "photos"


def cut(folder, count):
    """Cut some images in half, so that their headers are whole; their names."""
    chosen = sorted(folder.rglob("*.jpg"))[:count]
    for path in chosen:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return [path.relative_to(folder).as_posix() for path in chosen]


@pytest.mark.parametrize("memory", ["1GiB", "1000"])
def test_lists_what_only_decoding_tells(photos, monkeypatch, memory):
    monkeypatch.setenv("ISTHMUS_MEMORY", memory)
    names = cut(photos, 3)
    found = inspect(str(photos))
    assert [item.name for item in found.skipped] == names
    assert (found.images, found.sizes, found.classes) == (37, {"40x30": 37}, {"cat": 17, "dog": 20})
    assert found.plan.train + found.plan.validation + found.plan.test == 37
    assert found.skipped == open_images(str(photos)).origin.skipped
    assert inspect(str(photos)).plan.already_packed is (memory == "1000")


@pytest.mark.parametrize("memory", ["1GiB", "1000"])
def test_plans_no_training_that_would_stop(photos, monkeypatch, memory):
    monkeypatch.setenv("ISTHMUS_MEMORY", memory)
    names = cut(photos, 7)
    found = inspect(str(photos))
    assert [item.name for item in found.skipped] == names
    assert (found.images, found.plan) == (33, None)
    assert found.fault == "18% of the images cannot be read, and at most 10% may be"
    with pytest.raises(DataError, match="7 of 40 images"):
        open_images(str(photos))


def test_links_in_a_circle_are_listed_and_no_image_is_missing(photos):
    (photos / "again").symlink_to(photos)
    found = inspect(str(photos))
    assert (found.images, found.repeated, found.skipped, found.fault) == (40, ("again",), (), "")


def test_images_none_of_which_is_whole(photos):
    assert len(cut(photos, 40)) == len(inspect(str(photos)).skipped)
