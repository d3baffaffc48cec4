import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import isthmus.data
from isthmus.data import ImageSet, as_source, open_images, select
from isthmus.errors import DataError, UsageError


def everything(source):
    return source.read(np.arange(len(source)))


def test_arrays(random_images):
    images = random_images(3, 4, 5)
    for data in (images, (images, [1, 2, 3]), as_source(images), select(as_source(images), range(3)), images.tolist()):
        opened = open_images(data)
        np.testing.assert_array_equal(everything(opened.train)[..., 0], images)
        assert opened.test is None
    assert open_images((images, [1, 2, 3])).train.labels.tolist() == [1, 2, 3]
    assert open_images(images, "float32").spec.dtype == "float32"


def test_two_images_in_a_list_are_no_labels(random_images):
    images = random_images(2, 4, 5)
    np.testing.assert_array_equal(everything(open_images(list(images)).train)[..., 0], images)


def test_a_set_passes_unchanged(random_images):
    images = ImageSet("mine", as_source(random_images(3, 4, 5)))
    assert open_images(images) is images
    with pytest.raises(UsageError, match=r"expected float32 images; 'mine' has uint8"):
        open_images(images, "float32")


def test_a_split_of_a_named_set():
    whole = open_images("sprites-5")
    for split in ("train", "test"):
        opened = open_images(f"sprites-5:{split}")
        assert opened.name == f"sprites-5:{split}"
        assert opened.train.fingerprint == getattr(whole, split).fingerprint
        assert opened.test is None


def test_a_split_of_a_folder(tmp_path, random_images):
    images = random_images(2, 4, 5)
    for split, image in zip(["train", "test"], images, strict=True):
        (tmp_path / split).mkdir()
        Image.fromarray(image).save(tmp_path / split / "1.png")
    np.testing.assert_array_equal(everything(open_images(f"{tmp_path}:test").train)[0, ..., 0], images[1])
    np.testing.assert_array_equal(everything(open_images(str(tmp_path)).train)[0, ..., 0], images[0])


def test_a_path_that_has_a_colon(tmp_path, monkeypatch, random_images):
    monkeypatch.chdir(tmp_path)
    for name, image in zip(["cats", "cats:test"], random_images(2, 4, 5), strict=True):
        Path(name).mkdir()
        Image.fromarray(image).save(f"{name}/1.png")
    np.testing.assert_array_equal(
        everything(open_images("cats:test").train)[0, ..., 0], np.asarray(Image.open("cats:test/1.png"))
    )


def test_a_name_comes_before_a_folder_and_a_path_does_not(tmp_path, monkeypatch, random_images):
    monkeypatch.chdir(tmp_path)
    Path("sprites-5").mkdir()
    Image.fromarray(random_images(4, 5)).save("sprites-5/1.png")
    assert len(open_images("sprites-5").train) == 5
    assert len(open_images("./sprites-5").train) == 1
    assert len(open_images(Path("sprites-5")).train) == 1


def test_no_test_images(tmp_path, random_images):
    np.save(tmp_path / "a.npy", random_images(3, 4, 5))
    with pytest.raises(DataError, match="'a' has no test images"):
        open_images(f"{tmp_path}/a.npy:test")


@pytest.mark.parametrize("name", ["sprites:tset", "mnist:"])
def test_no_such_split(name):
    with pytest.raises(UsageError, match=f"expected '{name.split(':')[0]}:train' or"):
        open_images(name)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("minst", "mnist"),
        ("fashion", "fashion-mnist"),
        ("holiday", None),
        ("cifar-10", "cifar10"),
        ("digit:test", "digits"),
    ],
)
def test_no_such_data(name, nearest):
    with pytest.raises(UsageError, match=f"no data set or path '{name}'") as caught:
        open_images(name)
    assert ("did you mean" in str(caught.value)) == (nearest is not None)
    assert nearest is None or f"did you mean '{nearest}'?" in str(caught.value)
    assert "a folder of images" in str(caught.value)


def test_nothing():
    with pytest.raises(UsageError, match="no data set or path ''"):
        open_images("")


def test_public_names():
    assert all(hasattr(isthmus.data, name) for name in isthmus.data.__all__)


def test_import_is_light():
    heavy = {
        "keras",
        "tensorflow",
        "jax",
        "torch",
        "pydantic",
        "PIL",
        "rich",
        "pandas",
        "pyarrow",
        "datasets",
        "sklearn",
        "http.client",
    }
    code = f"import sys, isthmus.data; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


class TestPatterns:
    @pytest.fixture
    def photos(self, tmp_path, random_images, encoded, write_files, monkeypatch):
        monkeypatch.chdir(tmp_path)
        names = ("photos/cat/a.png", "photos/cat/deep/b.jpg", "photos/dog/c.png", "photos/notes.txt", "other/d.png")
        kinds = {".png": "PNG", ".jpg": "JPEG"}
        contents = {name: encoded(random_images(4, 5), kinds.get(Path(name).suffix, "PNG")) for name in names}
        write_files(tmp_path, contents)

    @pytest.mark.parametrize(
        ("pattern", "names"),
        [
            ("photos/**/*.png", ("cat/a", "dog/c")),
            ("photos/**", ("cat/a", "cat/deep/b", "dog/c")),
            ("photos/cat/*", ("a",)),
            ("*/*/*.png", ("photos/cat/a", "photos/dog/c")),
            ("photos/[cd]*/?.png", ("cat/a", "dog/c")),
        ],
    )
    def test_files_that_match(self, photos, pattern, names):
        assert open_images(pattern).train.names == names

    def test_folders_below_the_pattern_are_classes(self, photos):
        assert open_images("photos/**/*.png").train.class_names == ("cat", "dog")

    def test_an_absolute_pattern(self, photos, tmp_path):
        assert open_images(f"{tmp_path}/photos/cat/*.png").train.names == ("a",)

    def test_no_match(self, photos):
        with pytest.raises(DataError, match=r"no file matches the pattern 'photos/\*\.webp'"):
            open_images("photos/*.webp")

    def test_a_folder_with_such_a_name_is_a_folder(self, photos):
        Path("photos").rename("photos [old]")
        assert len(open_images("photos [old]").train) == 3


def test_a_split_of_an_archive(tmp_path, random_images):
    import shutil

    for split, image in zip(["train", "test"], random_images(2, 4, 5), strict=True):
        (tmp_path / "set" / split).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / "set" / split / "1.png")
    archive = shutil.make_archive(str(tmp_path / "set"), "gztar", tmp_path, "set")
    assert len(open_images(f"{archive}:test").train) == 1


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "~nobody-of-that-name/x", "hf:"])
def test_names_that_no_file_can_have(name):
    with pytest.raises((UsageError, DataError)):
        open_images(name)
