import gzip
import hashlib
import struct

import numpy as np
import pytest

from isthmus.data.named.idx import is_idx, read_idx, read_labelled, read_splits
from isthmus.data.open.paths import open_path
from isthmus.errors import DataError


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz", "unhelpful"])
def test_reads_what_the_format_describes(tmp_path, write_idx, random_images, name):
    images = random_images(3, 4, 5)
    path = write_idx(tmp_path / name, images)
    assert is_idx(path)
    np.testing.assert_array_equal(read_idx(path), images)


def test_other_types(tmp_path):
    (tmp_path / "a").write_bytes(struct.pack(">HBBI2i", 0, 0x0C, 1, 2, -70_000, 5))
    assert read_idx(tmp_path / "a").tolist() == [-70_000, 5]
    (tmp_path / "b").write_bytes(struct.pack(">HBBI2f", 0, 0x0D, 1, 2, 0.25, 1.0))
    assert read_idx(tmp_path / "b").tolist() == [0.25, 1.0]


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize(("images_suffix", "labels_suffix"), [("", ""), (".gz", ".gz"), ("", ".gz"), (".gz", "")])
def test_finds_the_labels_beside(tmp_path, write_idx, random_images, mark, images_suffix, labels_suffix):
    path = write_idx(tmp_path / f"train-images{mark}idx3-ubyte{images_suffix}", random_images(3, 4, 5))
    write_idx(tmp_path / f"train-labels{mark}idx1-ubyte{labels_suffix}", np.array([7, 8, 9]))
    assert read_labelled(path)[1].tolist() == [7, 8, 9]
    (train, labels), test = read_splits(tmp_path)
    assert train.shape == (3, 4, 5)
    assert labels.tolist() == [7, 8, 9]
    assert test is None


def test_no_labels(tmp_path, write_idx, random_images):
    opened = open_path(write_idx(tmp_path / "train-images-idx3-ubyte", random_images(3, 4, 5)))
    assert opened.train.labels is None
    assert opened.name == "train-images-idx3-ubyte"


@pytest.mark.parametrize("size", [16 + 59, 16, 10, 5])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_cut_short(tmp_path, write_idx, random_images, size, suffix):
    content = write_idx(tmp_path / "whole", random_images(3, 4, 5)).read_bytes()[:size]
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    message = f"says 3x4x5, 60 bytes; {size - 16} came" if size >= 16 else "ends within its header"
    with pytest.raises(DataError, match=message):
        read_idx(path)


def test_gzip_cut_short(tmp_path, write_idx, random_images):
    path = write_idx(tmp_path / "images.gz", random_images(30, 40, 50))
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(DataError, match=r"says 30x40x50, 60000 bytes; \d+ came"):
        read_idx(path)


def test_too_long(tmp_path, write_idx, random_images):
    path = write_idx(tmp_path / "long", random_images(3, 4, 5))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataError, match="longer than it should be"):
        read_idx(path)


def test_a_header_that_promises_too_much_takes_no_memory(tmp_path):
    (tmp_path / "liar").write_bytes(struct.pack(">HBB4I", 0, 8, 4, *[2**32 - 1] * 4) + b"abc")
    with pytest.raises(DataError, match="GiB of memory, and at most 1 GiB"):
        read_idx(tmp_path / "liar")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\0\0\x08\x09", b"\x1f\x8b broken"])
def test_no_idx_file(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    assert not is_idx(tmp_path / "other")
    with pytest.raises(DataError, match="no IDX file"):
        read_idx(tmp_path / "other")


def test_labels_of_the_wrong_length_name_the_file(tmp_path, write_idx, random_images):
    path = write_idx(tmp_path / "train-images-idx3-ubyte", random_images(3, 4, 5))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(4))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.*each of 3 images"):
        open_path(path)


def test_test_images_alone(tmp_path, write_idx, random_images):
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", random_images(3, 4, 5))
    with pytest.raises(DataError, match="expected train-images-idx3-ubyte"):
        read_splits(tmp_path)


def test_mnist_is_mnist(real_mnist):
    (images, _), (test_images, _) = read_splits(real_mnist)
    assert images.shape == (60_000, 28, 28)
    assert round(float(images.mean()) / 255, 4) == 0.1307
    # The published checksum is of the whole file, its header with it.
    header = struct.pack(">HBB3I", 0, 8, 3, *test_images.shape)
    assert hashlib.md5(header + test_images.tobytes()).hexdigest() == "2646ac647ad5339dbf082846283269ea"


@pytest.mark.parametrize("content", [b"", bytes(100)])
def test_what_takes_more_memory_than_is_allowed_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, content):
    header = struct.pack(">HBBIII", 0, 0x08, 3, 100_000, 64, 64)
    (tmp_path / "images-idx3-ubyte.gz").write_bytes(gzip.compress(header + content))
    monkeypatch.setenv("ISTHMUS_MEMORY", "100MB")
    with pytest.raises(DataError, match=r"takes 390.6 MiB of memory, and at most 95.37 MiB are allowed"):
        read_idx(tmp_path / "images-idx3-ubyte.gz")
