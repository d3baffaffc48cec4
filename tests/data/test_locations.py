import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from isthmus.data import open_images
from isthmus.data.decode.cache import cache_folder
from isthmus.data.locations import DataLocation, recall_location, remember_location, require_apart
from isthmus.errors import UsageError

PRINT = "0123456789abcdef" * 4


@pytest.mark.parametrize("spell", [str, Path, lambda data: f"{data}:train"])
def test_a_relative_path_is_found_from_anywhere(spell, tmp_path, monkeypatch, random_images):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    np.save("many.npy", random_images(9, 5, 5))
    found = open_images(spell("many.npy"))
    remember_location(PRINT, spell("many.npy"))
    monkeypatch.chdir(tmp_path / "there")
    again = open_images(recall_location(PRINT).data)
    assert again.train.fingerprint == found.train.fingerprint


def test_targets_are_remembered_too(tmp_path):
    remember_location(PRINT, tmp_path / "photos", str(tmp_path / "masks"))
    assert recall_location(PRINT) == DataLocation(str(tmp_path / "photos"), str(tmp_path / "masks"))


def test_equal_images_of_other_classes_are_elsewhere():
    remember_location(PRINT, "/photos", class_names=("cat", "dog"))
    remember_location(PRINT, "/copies", class_names=("emu", "owl"))
    assert recall_location(PRINT, ("cat", "dog")) == DataLocation("/photos")
    assert recall_location(PRINT, ("emu", "owl")) == DataLocation("/copies")
    assert recall_location(PRINT, ("cat", "owl")) is None
    remember_location(PRINT, "/earlier")  # as earlier versions noted it
    assert recall_location(PRINT, ("cat", "owl")) == DataLocation("/earlier")


def test_a_data_set_on_the_hub_keeps_its_name():
    remember_location(PRINT, "hf:somebody/something")
    assert recall_location(PRINT) == DataLocation("hf:somebody/something")


@pytest.mark.parametrize("data", ["digits", "mnist:train", np.zeros((3, 4, 4), np.uint8), ([1], [2])])
def test_what_has_a_name_or_no_place_is_not_remembered(data):
    remember_location(PRINT, data)
    assert recall_location(PRINT) is None
    remember_location(PRINT, "photos", np.zeros((3, 4, 4), np.uint8))
    assert recall_location(PRINT) is None


def test_a_path_that_is_named_like_a_set_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    remember_location(PRINT, Path("digits"))
    assert recall_location(PRINT) == DataLocation(str(tmp_path / "digits"))


def test_home_is_spelled_out_and_nobodys_home_is_a_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    remember_location(PRINT, "~/photos")
    assert recall_location(PRINT) == DataLocation(str(tmp_path / "home" / "photos"))
    remember_location(PRINT, "~no-such-user/photos")
    assert recall_location(PRINT) == DataLocation(str(tmp_path / "~no-such-user" / "photos"))


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"data": 5}', '{"data": "x", "targets": []}', '{"data": "x", "more": 1}', "\0"]
)
def test_a_damaged_note_is_none(content):
    remember_location(PRINT, "photos")
    (note,) = (cache_folder() / "places").iterdir()
    assert "photos" in json.loads(note.read_text())["data"]
    note.write_text(content)
    assert recall_location(PRINT) is None


def test_a_cache_that_cannot_be_written_to_remembers_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "file"))
    remember_location(PRINT, "photos")
    assert recall_location(PRINT) is None


class TestApart:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path, monkeypatch, encoded, random_images, write_files):
        """A folder that holds a run's neighbours: classes of images, one image beside them, and a table of them."""
        image = encoded(random_images(5, 6, 3))
        files = dict.fromkeys(("photos/cat/1.png", "photos/dog/2.png", "photos/3.png", "other/4.png"), image)
        files["photos.csv"] = b"path\nphotos/cat/1.png\nother/4.png\n"
        files["bad.csv"] = b"a,b\n1,2\n"
        write_files(tmp_path, files)
        shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path / "photos")
        (tmp_path / "link").symlink_to(tmp_path / "photos")
        monkeypatch.chdir(tmp_path)

    @pytest.mark.parametrize(
        ("data", "place"),
        [
            ("photos", "photos/run"),
            ("photos:train", "photos/deep/er/run"),
            (Path("photos"), "photos"),
            (".", "runs"),
            ("link", "photos/run"),
            ("photos", "link/run"),
            ("other/../photos", "other/../photos/run"),
            ("photos/*.png", "photos/run"),
            ("photos/*/*.png", "photos/dog/run"),
            ("pho*/**/*.png", "photos/run"),
            ("**/*.png", "runs"),
            ("photos.csv", "other/run"),
        ],
    )
    def test_among_the_images(self, data, place):
        with pytest.raises(UsageError, match=r"would lie among the images of .*Write elsewhere, with --out"):
            require_apart(Path(place), data)
        with pytest.raises(UsageError, match="among the images"):
            require_apart(Path(place), "digits", data)

    @pytest.mark.parametrize(
        ("data", "place"),
        [
            ("photos", "runs"),
            ("photos", "photos-run"),
            ("photos/*/*.png", "photos/run"),
            ("*/*.png", "runs"),
            ("photos.csv", "photos/run"),
            ("photos.zip", "runs"),
            ("photos/3.png", "photos/run"),
            ("digits", "digits"),
            ("no-such-data", "no-such-data/run"),
            ("bad.csv", "run"),
            ("hf:somebody/something", "something"),
            (np.zeros((3, 4, 4), np.uint8), "runs"),
            (None, "runs"),
        ],
    )
    def test_elsewhere(self, data, place):
        require_apart(Path(place), data)
