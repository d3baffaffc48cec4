import os

import numpy as np
import pytest

from isthmus.data.decode import pack as packs
from isthmus.data.decode.pack import PackedSource, read_pack, write_pack
from isthmus.errors import DataError, StorageError

ABOUT = {
    "name": "set",
    "kind": "folder",
    "preprocessing": None,
    "bits": None,
    "found": "",
    "refitted": "",
    "notices": [],
    "names": ["a", "b", "c", "d"],
    "paths": ["a.png", "b.png", "c.png", "d.png"],
    "labels": [0, 1, 1, 0],
    "class_names": ["x", "y"],
    "is_test": None,
    "skipped": [],
}


@pytest.fixture
def packed(tmp_path, random_images):
    images = random_images(4, 5, 6, 3)
    assert list(write_pack(tmp_path / "pack", images, (5, 6, 3), ABOUT)) == [1, 2, 3, 4]
    return tmp_path / "pack", images


def test_what_is_written_is_read(packed):
    folder, images = packed
    source = PackedSource(read_pack(folder))
    np.testing.assert_array_equal(source.read(np.array([2, 0, 2])), images[[2, 0, 2]])
    assert (len(source), source.names, source.class_names) == (4, ("a", "b", "c", "d"), ("x", "y"))
    assert source.labels.tolist() == [0, 1, 1, 0]


def test_it_is_a_numpy_file_that_others_read(packed):
    folder, images = packed
    np.testing.assert_array_equal(np.load(folder / "pixels.npy"), images)


def test_hashes_are_those_of_the_same_array(packed, random_images):
    from isthmus.data import ArraySource

    folder, images = packed
    for dtype in ("uint8", "float32"):
        held = ArraySource(images if dtype == "uint8" else images.astype(np.float32) / np.float32(255))
        np.testing.assert_array_equal(PackedSource(read_pack(folder), dtype).digests, held.digests)


@pytest.mark.parametrize("positioned", [True, False])
@pytest.mark.parametrize("indices", [[], [0], [0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 1, 1, 2, 3]])
def test_any_images_in_any_order(packed, monkeypatch, positioned, indices):
    if not positioned:  # as on Windows
        monkeypatch.delattr(os, "preadv", raising=False)
    folder, images = packed
    np.testing.assert_array_equal(PackedSource(read_pack(folder)).read(np.array(indices, np.int64)), images[indices])


@pytest.mark.parametrize("wrong", [-1, 4])
def test_no_such_image(packed, wrong):
    with pytest.raises(IndexError):
        PackedSource(read_pack(packed[0])).read(np.array([wrong]))


def test_a_file_that_is_cut_while_it_is_read(packed):
    source = PackedSource(read_pack(packed[0]))
    os.truncate(packed[0] / "pixels.npy", 200)
    with pytest.raises(DataError, match="was cut short"):
        source.read(np.arange(4))


def test_what_is_broken_off_leaves_nothing(tmp_path, random_images):
    def images():
        yield from random_images(2, 5, 6, 3)
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="the disk is full"):
        list(write_pack(tmp_path / "pack", images(), (5, 6, 3), ABOUT))
    assert list(tmp_path.iterdir()) == []


def test_a_pack_of_another_version_is_none(packed, monkeypatch):
    monkeypatch.setattr(packs, "VERSION", 99)
    assert read_pack(packed[0]) is None
