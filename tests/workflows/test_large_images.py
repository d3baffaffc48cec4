import numpy as np
import pytest
import tifffile
from PIL import Image

import isthmus
from isthmus.errors import DataError, UsageError
from isthmus.recipes import DenseNetwork, GaussianLikelihood, PointLatent, Recipe, Training
from isthmus.workflows.large_images import SHOWN_SIDE, reconstruct_large_folder

SIDES = (12, 10)


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


@pytest.fixture
def run_of(tmp_path):
    """Makes an untrained run of images, whose reconstructions are of any image."""

    def make(images, **parts):
        recipe = Recipe(
            network=DenseNetwork(units=(8,)),
            latent=PointLatent(dim=4),
            likelihood=GaussianLikelihood(),
            training=Training(epochs=1),
            **parts,
        )
        return isthmus.train(images, recipe, tmp_path / "run", report=False)

    return make


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "in"
    (path / "a").mkdir(parents=True)
    return path


def test_files_have_the_sizes_of_their_images(tiny_ae_run, folder, tmp_path):
    images = {"a/large": noise(47, 61), "tile": noise(12, 10), "tall": noise(30, 10)}
    for name, pixels in images.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    assert reconstruct_large_folder(tiny_ae_run, folder, tmp_path / "out") == 3
    for name, pixels in images.items():
        expected = tiny_ae_run.reconstruct(pixels[None, ..., None], tiles=True)[0, ..., 0]
        np.testing.assert_array_equal(Image.open(tmp_path / "out" / f"{name}.png"), expected)
    assert (tmp_path / "out" / "comparison.png").is_file()


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_colours_and_transparency_are_those_of_the_run(run_of, folder, tmp_path, mode, channels):
    run = run_of(noise(20, *SIDES, channels))
    image = Image.fromarray(noise(40, 33, 4), "RGBA")
    image.save(folder / "photo.png")
    behind = Image.new("RGBA", image.size, "white")
    seen = image if mode == "RGBA" else Image.alpha_composite(behind, image).convert(mode)
    reconstruct_large_folder(run, folder, tmp_path / "out")
    expected = run.reconstruct(np.asarray(seen).reshape(1, 40, 33, channels), tiles=True)[0]
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "out" / "photo.png")).reshape(expected.shape), expected
    )


def test_bands_are_written_whole(bands_run, folder, tmp_path, capsys):
    image = noise(30, 25, 5)
    tifffile.imwrite(folder / "bands.tif", image, photometric="minisblack", planarconfig="contig")
    Image.fromarray(noise(30, 25, 3)).save(folder / "photo.png")
    reconstruct_large_folder(bands_run, folder / "bands.tif", tmp_path / "out")
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "out" / "bands.tif"), bands_run.reconstruct(image[None], tiles=True)[0]
    )
    assert "comparison.png: channels 1, 2, 3 of 5 shown" in capsys.readouterr().err
    with pytest.raises(DataError, match="1 of 2 images of 'in' cannot be read"):
        reconstruct_large_folder(bands_run, folder, tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_16_bits_are_written_in_the_range_of_the_run(run_of, folder, tmp_path):
    run = run_of(noise(20, *SIDES, 2).astype(np.uint16) * 16, pixels={"dtype": "float32"})
    image = noise(30, 25, 2).astype(np.uint16) * 16
    tifffile.imwrite(folder / "deep.tif", image, photometric="minisblack", planarconfig="contig")
    reconstruct_large_folder(run, folder, tmp_path / "out")
    found = tifffile.imread(tmp_path / "out" / "deep.tif")
    expected = run.reconstruct(image[None] / np.float32(4095), tiles=True)[0]
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, np.rint(expected * np.float32(4095)))


def test_arrays_and_their_test_images(tiny_ae_run, tmp_path, capsys):
    images = noise(6, 30, 25, 1)
    np.savez(tmp_path / "x.npz", x_train=images[:4], x_test=images[4:])
    assert reconstruct_large_folder(tiny_ae_run, tmp_path / "x.npz", tmp_path / "out") == 2
    assert "the 4 training images of x are left out; name x:train for those" in capsys.readouterr().err
    np.testing.assert_array_equal(
        Image.open(tmp_path / "out" / "1.png"), tiny_ae_run.reconstruct(images[5:], tiles=True)[0, ..., 0]
    )


def test_the_splits_of_folders(tiny_ae_run, tmp_path, capsys):
    for name in ("train/a.png", "train/b.png", "test/c.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(30, 25)).save(tmp_path / "in" / name)
    found = {}
    for number, data in enumerate(("in", "in:train", "in:test")):
        reconstruct_large_folder(tiny_ae_run, f"{tmp_path}/{data}", tmp_path / f"out-{number}")
        found[data] = sorted(path.stem for path in (tmp_path / f"out-{number}").iterdir() if path.stem != "comparison")
    assert found == {"in": ["c"], "in:train": ["a", "b"], "in:test": ["c"]}
    assert capsys.readouterr().err.count("the 2 training images of in are left out") == 1


def test_the_sheet_shows_the_middle(tiny_ae_run, tmp_path):
    image = np.zeros((1, SHOWN_SIDE + 40, SHOWN_SIDE + 20, 1), np.uint8)
    image[:, 20:-20, 10:-10] = 255
    reconstruct_large_folder(tiny_ae_run, image, tmp_path / "out", draws=None)
    sheet = np.asarray(Image.open(tmp_path / "out" / "comparison.png").convert("L"))
    assert (sheet[:, : SHOWN_SIDE + 8] == 255).all()


def test_draws_of_each_image(tiny_run, tmp_path):
    images = noise(2, 30, 25, 1)
    reconstruct_large_folder(tiny_run, images, tmp_path / "out", draws=2, seed=5)
    names = sorted(path.stem for path in (tmp_path / "out").iterdir())
    assert names == ["0-1", "0-2", "1-1", "1-2", "comparison"]
    expected = tiny_run.reconstruct(images[1:], draws=2, seed=6, tiles=True)[0, 1, ..., 0]
    np.testing.assert_array_equal(Image.open(tmp_path / "out" / "1-2.png"), expected)


def test_images_that_are_too_small_are_named_before_anything_is_written(tiny_ae_run, folder, tmp_path):
    Image.fromarray(noise(40, 40)).save(folder / "large.png")
    Image.fromarray(noise(11, 40)).save(folder / "low.png")
    with pytest.raises(DataError, match=r"expected images of 10x12 or larger, .*'low' is 40x11\. Leave it out"):
        reconstruct_large_folder(tiny_ae_run, folder, tmp_path / "out")
    with pytest.raises(DataError, match=r"10x12x1 or larger.*25x30x3"):
        reconstruct_large_folder(tiny_ae_run, noise(2, 30, 25, 3), tmp_path / "out")
    with pytest.raises(UsageError, match="no posterior"):
        reconstruct_large_folder(tiny_ae_run, noise(2, 30, 25, 1), tmp_path / "out", draws=2)
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_among_many_is_left_out(tiny_ae_run, folder, tmp_path, capsys):
    for index in range(12):
        Image.fromarray(noise(30, 25)).save(folder / f"{index:02}.png")
    whole = (folder / "03.png").read_bytes()
    (folder / "03.png").write_bytes(whole[: len(whole) // 2])
    assert reconstruct_large_folder(tiny_ae_run, folder, tmp_path / "out") == 11
    assert "03.png cannot be read and is left out" in capsys.readouterr().err
