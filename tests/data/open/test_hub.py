import sys

import numpy as np
import pytest

from isthmus.data.open.paths import open_path
from isthmus.errors import DataError

datasets = pytest.importorskip("datasets")


@pytest.fixture
def images(random_images):
    return random_images(5, 6, 7, 3)


def rows(images, labels):
    from PIL import Image

    features = datasets.Features({"picture": datasets.Image(), "kind": datasets.ClassLabel(names=["cat", "dog"])})
    cells = [Image.fromarray(image) for image in images]
    return datasets.Dataset.from_dict({"picture": cells, "kind": labels}, features=features)


def everything(source):
    return source.read(np.arange(len(source)))


def test_a_saved_data_set(tmp_path, images):
    rows(images, [1, 0, 1, 1, 0]).save_to_disk(tmp_path / "pets")
    opened = open_path(tmp_path / "pets")
    assert (opened.name, opened.test) == ("pets", None)
    np.testing.assert_array_equal(everything(opened.train), images)
    assert (opened.train.class_names, opened.train.labels.tolist()) == (("cat", "dog"), [1, 0, 1, 1, 0])


def test_saved_splits(tmp_path, images):
    splits = {"train": rows(images[:3], [0, 1, 0]), "test": rows(images[3:], [1, 1])}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "pets")
    opened = open_path(tmp_path / "pets")
    np.testing.assert_array_equal(everything(opened.train), images[:3])
    np.testing.assert_array_equal(everything(opened.test), images[3:])
    assert opened.test.labels.tolist() == [1, 1]


def test_splits_without_labels_are_no_classes(tmp_path, images):
    splits = {"train": images[:2], "dev": images[2:]}
    plain = {name: rows(part, [0] * len(part)).remove_columns("kind") for name, part in splits.items()}
    datasets.DatasetDict(plain).save_to_disk(tmp_path / "pets")
    opened = open_path(tmp_path / "pets")
    np.testing.assert_array_equal(everything(opened.test), images[2:])
    assert opened.train.labels is None


def test_nothing_is_written_beside_it(tmp_path, images, files_in):
    rows(images, [0] * 5).save_to_disk(tmp_path / "pets")
    before = files_in(tmp_path / "pets")
    open_path(tmp_path / "pets")
    assert files_in(tmp_path / "pets") == before


def test_no_images(tmp_path):
    datasets.Dataset.from_dict({"text": ["a", "b"]}).save_to_disk(tmp_path / "texts")
    with pytest.raises(DataError, match=r"expected a column of images.*it has text"):
        open_path(tmp_path / "texts")


def test_a_damaged_data_set(tmp_path, images):
    rows(images, [0] * 5).save_to_disk(tmp_path / "pets")
    for path in (tmp_path / "pets").glob("*.arrow"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="pets"):
        open_path(tmp_path / "pets")


def test_without_datasets(tmp_path, images, monkeypatch):
    rows(images, [0] * 5).save_to_disk(tmp_path / "pets")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r'pip install "isthmus\[datasets\]"'):
        open_path(tmp_path / "pets")
