import io
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isthmus.data.arrays import as_source
from isthmus.data.open.paths import open_path
from isthmus.data.source import ImageSpec
from isthmus.errors import DataError

BYTES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=5))


def everything(source):
    return source.read(np.arange(len(source)))


class TestAsSource:
    @given(BYTES, st.sampled_from([np.float16, np.float32, np.float64]))
    def test_floats_come_back_as_the_bytes_they_were(self, images, dtype):
        source = as_source((images / 255.0).astype(dtype))
        np.testing.assert_array_equal(everything(source)[..., 0], images)
        assert everything(source).dtype == np.uint8

    @given(BYTES)
    def test_bytes_as_floats(self, images):
        source = as_source(images, dtype="float32")
        np.testing.assert_allclose(everything(source)[..., 0], images / 255.0, rtol=1e-6)
        assert source.spec.dtype == "float32"
        np.testing.assert_array_equal(everything(as_source(everything(source)))[..., 0], images)

    @pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, ">i4"])
    def test_other_whole_numbers(self, dtype):
        images = np.array([[[0, 1], [90, 127]]])
        np.testing.assert_array_equal(everything(as_source(images.astype(dtype)))[..., 0], images)

    def test_sixteen_bits(self, tmp_path):
        images = np.array([[[0, 128, 129, 257], [32767, 65278, 65407, 65535]]], np.uint16)
        eight = [0, 0, 1, 1, 127, 254, 255, 255]  # 65535 = 257 x 255
        assert everything(as_source(images)).ravel().tolist() == eight
        floats = everything(as_source(images, dtype="float32"))
        np.testing.assert_allclose(floats.ravel(), images.ravel() / 65535, rtol=1e-6)
        np.save(tmp_path / "deep.npy", images.astype(">u2"))
        assert everything(open_path(tmp_path / "deep.npy").train).ravel().tolist() == eight

    def test_booleans_are_black_and_white(self):
        images = np.array([[[True, False]]])
        assert everything(as_source(images)).ravel().tolist() == [255, 0]
        assert everything(as_source(images, dtype="float32")).ravel().tolist() == [1.0, 0.0]

    def test_bytes_are_not_copied(self, random_images):
        images = random_images(2, 3, 4, 3)
        assert np.shares_memory(as_source(images).images, images)

    def test_rank_three_is_grey_whatever_the_last_axis(self, random_images):
        assert as_source(random_images(4, 5, 3)).spec == ImageSpec(5, 3, 1)
        assert as_source(random_images(4, 5, 6, 3)).spec == ImageSpec(5, 6, 3)

    def test_lists_do(self):
        assert as_source([[[0, 255], [255, 0]]]).spec == ImageSpec(2, 2, 1)

    def test_labels(self, random_images):
        images = random_images(3, 2, 2)
        assert as_source(images).labels is None
        numbers = as_source(images, [7, 0, 7])
        assert (numbers.labels.tolist(), numbers.class_names) == ([7, 0, 7], ())
        assert numbers.labels.dtype == np.int64
        for labels in (["dog", "cat", "dog"], np.array(["dog", "cat", "dog"], object)):
            words = as_source(images, labels)
            assert (words.labels.tolist(), words.class_names) == ([1, 0, 1], ("cat", "dog"))
        assert as_source(images, np.array([[2], [1], [0]])).labels.tolist() == [2, 1, 0]
        assert as_source(images, np.array([2.0, 1.0, 0.0])).labels.tolist() == [2, 1, 0]

    def test_names(self, random_images):
        assert as_source(random_images(2, 2, 2), names=["a", "b"]).names == ("a", "b")

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (np.full((1, 2, 2), 3.5), "found 3.5 to 3.5. Divide by 255"),
            (np.array([[[-0.5, 1.0]]]), "found -0.5 to 1. Scale"),
            (np.array([[[0.5, np.nan]]]), "1 of 2 numbers are NaN or infinite"),
            (np.array([[[0.5, np.inf]]]), "1 of 2 numbers are NaN or infinite"),
            (np.array([[[0, 256]]]), "from 0 to 255; found 0 to 256"),
            (np.array([[[-1, 6]]]), "from 0 to 255; found -1 to 6"),
            (np.zeros((1, 2, 2), complex), "complex128"),
            (np.zeros((2, 2), np.uint8), r"got \(2, 2\)"),
            (np.zeros((0, 2, 2), np.uint8), "at least one image"),
            (np.zeros((1, 0, 2), np.uint8), "at least one pixel"),
            (np.zeros((4, 3, 32, 32), np.uint8), "channels first.*transpose"),
            ([[[1, 2]], [[1]]], "all of one size"),
        ],
    )
    @pytest.mark.parametrize("dtype", ["uint8", "float32"])
    def test_refuses(self, images, message, dtype):
        with pytest.raises(DataError, match=message):
            as_source(images, dtype=dtype)

    @pytest.mark.parametrize("labels", [[1, 2], [[1, 2], [3, 4], [5, 6]], [0.5, 1.0, 2.0], [np.nan, 1.0, 2.0]])
    def test_refuses_labels(self, random_images, labels):
        with pytest.raises(DataError, match="labels"):
            as_source(random_images(3, 2, 2), labels)


class TestNumPyFiles:
    def test_npy(self, tmp_path, random_images):
        images = random_images(3, 4, 5, 3)
        np.save(tmp_path / "cats.npy", images)
        opened = open_path(tmp_path / "cats.npy")
        np.testing.assert_array_equal(everything(opened.train), images)
        assert (opened.name, opened.test) == ("cats", None)
        assert isinstance(opened.train.images.base, np.memmap)

    @pytest.mark.parametrize(("images_key", "labels_key"), [("x", "y"), ("images", "labels"), ("images", None)])
    def test_npz(self, tmp_path, random_images, images_key, labels_key):
        images = random_images(3, 4, 5)
        arrays = {images_key: images} | ({labels_key: np.array([5, 6, 7])} if labels_key else {})
        np.savez_compressed(tmp_path / "a.npz", **arrays)
        train = open_path(tmp_path / "a.npz").train
        np.testing.assert_array_equal(everything(train)[..., 0], images)
        assert (train.labels is None) == (labels_key is None)
        assert train.labels is None or train.labels.tolist() == [5, 6, 7]

    def test_npz_as_keras_has_it(self, tmp_path, random_images):
        x_train, x_test = random_images(3, 4, 5), random_images(2, 4, 5, seed=1)
        np.savez(tmp_path / "mnist.npz", x_train=x_train, y_train=[1, 2, 3], x_test=x_test, y_test=[4, 5])
        opened = open_path(tmp_path / "mnist.npz", "float32")
        np.testing.assert_allclose(everything(opened.train)[..., 0], x_train / 255.0, rtol=1e-6)
        np.testing.assert_allclose(everything(opened.test)[..., 0], x_test / 255.0, rtol=1e-6)
        assert (opened.train.labels.tolist(), opened.test.labels.tolist()) == ([1, 2, 3], [4, 5])

    def test_never_unpickles(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (pytest.fail, ("a pickle was loaded",))

        objects = np.array([Trap()], object)
        np.save(tmp_path / "objects.npy", objects, allow_pickle=True)
        np.savez(tmp_path / "objects.npz", images=objects)
        (tmp_path / "bare.npy").write_bytes(pickle.dumps(Trap()))
        for name in ("objects.npy", "objects.npz", "bare.npy"):
            with pytest.raises(DataError, match=rf"{name}' holds pickled Python objects"):
                open_path(tmp_path / name)

    @pytest.mark.filterwarnings("error::ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning")
    def test_damaged_files(self, tmp_path, random_images):
        """No file is left open, which a warning would tell."""
        np.save(tmp_path / "whole.npy", random_images(3, 4, 5))
        np.savez(tmp_path / "whole.npz", x=random_images(3, 4, 5))
        for suffix in ("npy", "npz"):
            whole = (tmp_path / f"whole.{suffix}").read_bytes()
            (tmp_path / f"cut.{suffix}").write_bytes(whole[:-10])
            (tmp_path / f"empty.{suffix}").write_bytes(b"")
            for name in ("cut", "empty"):
                with pytest.raises(DataError, match=rf"{name}.{suffix}' is damaged"):
                    open_path(tmp_path / f"{name}.{suffix}")

    def test_messages_name_the_file(self, tmp_path):
        np.save(tmp_path / "a.npy", np.full((1, 2, 2), 9.0))
        with pytest.raises(DataError, match=r"a\.npy.*found 9 to 9"):
            open_path(tmp_path / "a.npy")
        np.savez(tmp_path / "b.npz", pictures=np.zeros((1, 2, 2)))
        with pytest.raises(DataError, match=r"b\.npz.*it holds 'pictures'"):
            open_path(tmp_path / "b.npz")
        np.savez(tmp_path / "c.npz", x=np.zeros((2, 2, 2)), y=np.zeros(3, int))
        with pytest.raises(DataError, match=r"c\.npz.*each of 2 images"):
            open_path(tmp_path / "c.npz")
        (tmp_path / "a.npy").rename(tmp_path / "d.npz")
        with pytest.raises(DataError, match=r"d\.npz.*Rename it to \.npy"):
            open_path(tmp_path / "d.npz")


def npy(shape, dtype="|u1", content=b""):
    """An `.npy` file whose header says whatever is wanted."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + content


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize(
    "content",
    [
        npy((-1, 8, 8), content=bytes(64)),
        npy((-4, -2, 8), content=bytes(64)),
        npy((10**30, 8, 8)),
        npy((10**9, 10**9, 8)),
        npy(("a", 8)),
        b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"[" * 9000,
        b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"{'shape':" + b"-" * 8991,
        b"\x93NUMPY\x09\x00" + bytes(50),
    ],
)
def test_a_header_that_cannot_be_is_a_damaged_file(tmp_path, suffix, content):
    path = tmp_path / f"images{suffix}"
    if suffix == ".npy":
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("images.npy", content)
    with pytest.raises(DataError, match=r"images\.np[yz]' is damaged, or no NumPy file"):
        open_path(path)


class TestMemory:
    """What unpacks to more than the memory that is allowed is refused before it is unpacked."""

    @pytest.fixture
    def bomb(self, tmp_path):
        path = tmp_path / "bomb.npz"
        np.savez_compressed(path, x_train=np.zeros((200, 64, 64), np.uint8), x_test=np.zeros((100, 64, 64), np.uint8))
        return path

    def test_one_array_too_large(self, bomb, monkeypatch):
        monkeypatch.setenv("ISTHMUS_MEMORY", "500kB")
        tracemalloc.start()
        try:
            with pytest.raises(DataError, match=r"takes 800.1 KiB of memory, and at most 488.3 KiB.*ISTHMUS_MEMORY="):
                open_path(bomb)
            assert tracemalloc.get_traced_memory()[1] < 400_000
        finally:
            tracemalloc.stop()

    def test_arrays_that_are_too_large_together(self, bomb, monkeypatch):
        monkeypatch.setenv("ISTHMUS_MEMORY", "1MB")
        with pytest.raises(DataError, match=r"takes 1.172 MiB of memory"):
            open_path(bomb)

    def test_enough(self, bomb, monkeypatch):
        monkeypatch.setenv("ISTHMUS_MEMORY", "2MB")
        assert len(open_path(bomb).train) == 200

    def test_a_file_that_is_mapped_may_be_larger(self, tmp_path, monkeypatch):
        np.save(tmp_path / "images", np.zeros((200, 64, 64), np.uint8))
        monkeypatch.setenv("ISTHMUS_MEMORY", "500kB")
        assert len(open_path(tmp_path / "images.npy").train) == 200


def test_up_to_sixteen_channels_are_taken():
    images = np.zeros((2, 6, 4, 16), np.uint8)
    assert as_source(images).spec.channels == 16
    with pytest.raises(DataError, match="at most 16 channels; got 17"):
        as_source(np.zeros((2, 6, 4, 17), np.uint8))
