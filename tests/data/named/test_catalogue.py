import hashlib
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from isthmus.data.named import catalogue
from isthmus.data.named.catalogue import DATASETS, cache_folder, is_named, open_named
from isthmus.data.source import ImageSpec
from isthmus.errors import DataError, UsageError


def everything(source):
    return source.read(np.arange(len(source)))


@pytest.fixture
def offline(monkeypatch):
    """No download works; those tried are listed."""
    tried = []

    def fail(file, folder):
        tried.append(file.name)
        raise DataError("offline")

    monkeypatch.setattr(catalogue, "fetch", fail)
    return tried


def test_the_table_is_whole():
    assert list(DATASETS) == ["digits", "mnist", "fashion-mnist", "kmnist", "cifar10", "sprites"]
    for name, entry in DATASETS.items():
        assert entry.name == name
        assert entry.summary
        assert entry.licence
        assert len(entry.class_names) == (3 if name == "sprites" else 10)
        for file in entry.files:
            assert re.fullmatch(r"[0-9a-f]{32}", file.md5)
            assert len(file.urls) >= 2
            assert all(url.endswith("/" + file.name) for url in file.urls)


class TestPlaces:
    def test_in_order(self, tmp_path, monkeypatch, write_mnist, offline):
        places = {"own": 3, "system": 4, "cache": 5}
        for place, count in places.items():
            write_mnist(tmp_path / place / "kmnist", train=count)
        monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "own"))
        monkeypatch.setattr(catalogue, "SYSTEM_FOLDER", tmp_path / "system")
        for place, count in places.items():
            assert len(open_named("kmnist").train) == count
            assert DATASETS["kmnist"].locate() == tmp_path / place / "kmnist"
            shutil.rmtree(tmp_path / place)
        assert DATASETS["kmnist"].locate() is None
        with pytest.raises(DataError, match="offline"):
            open_named("kmnist")

    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_files_at_hand_need_no_checksum(self, tmp_path, monkeypatch, write_mnist, offline, suffix):
        train, test = write_mnist(tmp_path / "fashion-mnist", suffix)
        monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path))
        opened = open_named("fashion-mnist")
        np.testing.assert_array_equal(everything(opened.train)[..., 0], train)
        np.testing.assert_array_equal(everything(opened.test)[..., 0], test)
        assert opened.train.class_names[9] == "Ankle boot"
        assert opened.name == "fashion-mnist"
        assert offline == []

    def test_half_a_set_is_passed_over(self, tmp_path, monkeypatch, write_mnist, offline):
        write_mnist(tmp_path / "own" / "mnist", train=3)
        write_mnist(tmp_path / "cache" / "mnist", train=5)
        (tmp_path / "own" / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
        monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "own"))
        assert len(open_named("mnist").train) == 5

    def test_a_download_goes_on_where_it_was_cut_off(self, tmp_path, write_mnist, offline):
        write_mnist(tmp_path / "cache" / "mnist")
        (tmp_path / "cache" / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
        with pytest.raises(DataError, match="offline"):
            open_named("mnist")
        assert offline == ["t10k-labels-idx1-ubyte.gz"]

    def test_the_user_s_own_cache(self, monkeypatch):
        monkeypatch.delenv("ISTHMUS_CACHE")
        assert cache_folder().name == "isthmus"


def test_downloads_into_the_cache(tmp_path, monkeypatch, write_mnist):
    train, _ = write_mnist(tmp_path / "mirror")
    entry = DATASETS["mnist"]
    files = []
    for file in entry.files:
        path = tmp_path / "mirror" / file.name
        files.append(replace(file, md5=hashlib.md5(path.read_bytes()).hexdigest(), urls=(path.as_uri(),)))
    monkeypatch.setitem(DATASETS, "mnist", replace(entry, files=tuple(files)))
    np.testing.assert_array_equal(everything(open_named("mnist").train)[..., 0], train)
    shutil.rmtree(tmp_path / "mirror")
    np.testing.assert_array_equal(everything(open_named("mnist").train)[..., 0], train)


def test_a_damaged_set_is_named_with_its_folder(tmp_path, write_mnist):
    folder = tmp_path / "cache" / "mnist"
    write_mnist(folder, suffix="")
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=rf"data set 'mnist' in '{re.escape(str(folder))}'.*cut short"):
        open_named("mnist")


class TestDigits:
    def test_as_the_catalogue_says(self):
        opened = open_named("digits")
        assert (len(opened.train), len(opened.test)) == (4000, 1000)
        assert (len(opened.train), len(opened.test)) == (DATASETS["digits"].train_count, DATASETS["digits"].test_count)
        assert opened.spec == ImageSpec(28, 28, 1) == DATASETS["digits"].spec
        assert opened.train.class_names == tuple("0123456789")
        assert open_named("digits", "float32").spec.dtype == "float32"

    def test_fingerprints_never_change(self):
        """Runs of earlier versions find their data by these."""
        opened = open_named("digits")
        assert opened.train.fingerprint == "6e3235500ea5a3e329000a41c4c855ff59e40b2f0d1891d15be4c4cb1e84b668"
        assert opened.test.fingerprint == "8089551457c12e8b48e95b5698b715f12dfdd4ce0924b7ded8e490a9ec3c9dca"

    def test_need_no_cache(self, tmp_path, monkeypatch):
        (tmp_path / "file").touch()
        monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "file" / "cache"))
        assert len(open_named("digits").train) == 4000


class TestSprites:
    def test_any_number(self):
        few, many = open_named("sprites-7"), open_named("sprites-9")
        assert (len(few.train), len(many.train)) == (7, 9)
        assert len(few.test) == DATASETS["sprites"].test_count
        assert few.name == "sprites-7"
        np.testing.assert_array_equal(everything(few.train), everything(many.train)[:7])
        assert not {image.tobytes() for image in everything(few.train)} & {
            image.tobytes() for image in everything(few.test)
        }

    def test_the_default(self):
        opened = open_named("sprites", "float32")
        entry = DATASETS["sprites"]
        assert (len(opened.train), len(opened.test)) == (entry.train_count, entry.test_count)
        assert opened.spec == replace(entry.spec, dtype="float32")


@pytest.mark.parametrize("name", ["sprites-0", "sprites-", "sprites-x", "MNIST", ""])
def test_no_such_set(name):
    assert not is_named(name)
    with pytest.raises(UsageError, match="expected a named data set"):
        open_named(name)


def test_mnist_is_mnist(real_mnist, offline):
    opened = open_named("mnist")
    entry = DATASETS["mnist"]
    assert (len(opened.train), len(opened.test)) == (entry.train_count, entry.test_count)
    assert opened.spec == entry.spec
    # The first test images of MNIST are known to all.
    assert opened.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
