import os

import numpy as np
import pytest
from PIL import Image

from isthmus.data.open.paths import open_path
from isthmus.errors import DataError, UsageError


def everything(source):
    return source.read(np.arange(len(source)))


def test_each_kind_gives_the_same_pixels(tmp_path, write_idx, random_images):
    images = random_images(1, 4, 5)
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "a.npz", images=images)
    write_idx(tmp_path / "a-images-idx3-ubyte.gz", images)
    write_idx(tmp_path / "plain", images)
    (tmp_path / "folder").mkdir()
    for name in ("a.png", "folder/a.PNG"):
        Image.fromarray(images[0]).save(tmp_path / name)
    for name in ("a.npy", "a.npz", "a-images-idx3-ubyte.gz", "plain", "folder", "a.png"):
        opened = open_path(tmp_path / name)
        np.testing.assert_array_equal(everything(opened.train)[..., 0], images, err_msg=name)
        assert opened.test is None
        assert open_path(tmp_path / name, "float32").spec.dtype == "float32"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_of_mnist_files(tmp_path, write_mnist, suffix):
    train, test = write_mnist(tmp_path, suffix)
    opened = open_path(tmp_path)
    np.testing.assert_array_equal(everything(opened.train)[..., 0], train)
    np.testing.assert_array_equal(everything(opened.test)[..., 0], test)
    assert opened.test.labels.tolist() == [0, 1, 2, 3]
    assert opened.name == tmp_path.name


def test_no_such_path(tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        open_path(tmp_path / "nothing")


def test_unknown_kind(tmp_path):
    (tmp_path / "a.doc").write_bytes(bytes(18))
    with pytest.raises(
        DataError, match=r"a\.doc' is nothing that isthmus reads: expected a folder of images, an archive"
    ):
        open_path(tmp_path / "a.doc")


def test_an_idx_file_cut_down_to_nothing(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(DataError, match="no IDX file"):
        open_path(tmp_path / "train-images-idx3-ubyte")


@pytest.mark.parametrize("name", ["f.png", "f.zip", "f.tar", "f.npy", "f.csv", "f"])
def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="is no file, but a device or a pipe"):
        open_path(tmp_path / name)
