"""Images of 16 bits, of which a camera uses fewer."""

import numpy as np
import pytest
from PIL import Image

from isthmus.data import Preprocessing, open_images
from isthmus.data.depth import as_levels, from_sixteen_bits, in_range, widened
from isthmus.errors import UsageError
from isthmus.probability import latent_of
from isthmus.recipes import Pixels
from isthmus.workflows.datasets import open_training_data
from isthmus.workflows.provenance import first_manifest

TWELVE = np.array([0, 8, 9, 2048, 4095], np.uint16)
"""Of 12 bits; 255 / 4095 of each is 0, 0.498, 0.56, 127.5 and 255."""
LEVELS = [0, 0, 1, 128, 255]


def everything(source):
    return source.read(np.arange(len(source)))


@pytest.fixture
def write(tmp_path):
    """Write numbers as images of one pixel; give their folder, or file."""

    def write(numbers, suffix=".png"):
        if suffix == ".npz":
            images = np.asarray(numbers).reshape(-1, 1, 1)
            np.savez(tmp_path / "set.npz", x_train=images[:-1], x_test=images[-1:])
            return tmp_path / "set.npz"
        folder = tmp_path / f"set{suffix[1:]}{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for index, number in enumerate(numbers):
            Image.fromarray(np.array([[number]], np.uint16)).save(folder / f"{index}{suffix}")
        return folder

    return write


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npz"])
def test_the_bits_that_the_whole_data_set_uses(write, suffix):
    images = open_images(write(TWELVE, suffix))
    parts = [part for part in (images.train, images.test) if part is not None]
    assert np.concatenate([everything(part).ravel() for part in parts]).tolist() == LEVELS
    (notice,) = images.notices
    assert notice.endswith("use 12 bits, so 0 to 4,095 becomes 0 to 255")
    assert images.bits == 12


@pytest.mark.parametrize("suffix", [".png", ".npz"])
def test_a_run_s_bits_stay(write, suffix, tmp_path):
    prepared = open_training_data(write(TWELVE, suffix), "dense-ae", {"training.validation_fraction": 0.0})
    assert prepared.bits == 12
    assert first_manifest(prepared, latent_of(prepared.recipe.latent).group).preprocessing.bits == 12
    kept = Preprocessing(1, 1, 1, bits=12)
    other = open_images(write([16, 4096], ".png"), preprocessing=kept)
    assert everything(other.train).ravel().tolist() == [1, 255]
    assert other.notices[0].endswith(
        "use 14 bits; the run's used 12, so 0 to 4,095 becomes 0 to 255, and higher values become 255"
    )
    np.save(tmp_path / "other.npy", np.array([16, 4096], np.uint16).reshape(2, 1, 1))
    assert everything(open_images(tmp_path / "other.npy", preprocessing=kept).train).ravel().tolist() == [1, 255]
    floats = open_images(tmp_path / "other.npy", "float32", kept).train
    np.testing.assert_allclose(everything(floats).ravel(), [16 / 4095, 1.0], rtol=1e-6)


def test_files_that_use_8_bits_of_16(write):
    assert everything(open_images(write([0, 7, 255])).train).ravel().tolist() == [0, 7, 255]


def test_from_a_pack_as_from_memory(write, monkeypatch):
    folder = write(TWELVE)
    monkeypatch.setenv("ISTHMUS_MEMORY", "1")
    for _ in range(2):
        images = open_images(folder)
        assert everything(images.train).ravel().tolist() == LEVELS
        assert (images.bits, len(images.notices)) == (12, 1)


def test_other_bits():
    with pytest.raises(UsageError, match="bits of 8, 10, 12, 14, 16; got 11"):
        Preprocessing(1, 1, 1, bits=11)


def test_levels_have_the_range_of_the_files():
    floats = np.array([-0.5, 0.0, 0.5, 1.0, 2.0], np.float32)
    for bits, kind in ((None, np.uint8), (8, np.uint8), (12, np.uint16), (16, np.uint16)):
        levels = as_levels(floats, bits)
        top = 2 ** (bits or 8) - 1
        assert levels.dtype == kind
        assert levels.tolist() == [0, 0, (top + 1) // 2, top, top]
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(as_levels(every / np.float32(65535), 16), every)
    assert as_levels(np.uint8([7]), 12).tolist() == [7]


def test_numbers_in_the_range_of_a_set():
    assert in_range(TWELVE, 12, deep=False).tolist() == LEVELS
    assert in_range(np.uint16([0, 4095, 5000]), 12, deep=True).tolist() == [0, 4095, 4095]
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(in_range(every, 12, deep=True), np.rint(every * (4095 / 255)))
    np.testing.assert_array_equal(in_range(every, 12, deep=False), every)
    np.testing.assert_array_equal(from_sixteen_bits(widened(every, 10), 10), every)


def test_the_default_recipe_keeps_all_bits():
    images = np.random.default_rng(0).integers(0, 4096, (30, 12, 10)).astype(np.uint16)
    prepared = open_training_data(images)
    assert prepared.recipe.pixels == Pixels(dtype="float32")
    (notice,) = prepared.notices
    assert notice.endswith("use 12 bits, so 0 to 4,095 becomes 0 to 1")
    chosen = open_training_data(images, changes={"pixels.dtype": "uint8"})
    assert (chosen.train.spec.dtype, chosen.recipe.pixels.dtype) == ("uint8", "uint8")
    assert open_training_data(images, "lossless-grey").recipe.pixels.dtype == "uint8"
    assert open_training_data(images, "conv-vae-fast").recipe.pixels.dtype == "uint8"
    assert open_training_data(images, changes={"task": "denoise"}).recipe.pixels.dtype == "uint8"
