import hashlib
import tarfile
from collections import Counter

import numpy as np
import pytest
import tifffile
from PIL import Image

import isthmus
from isthmus.data.locations import remember_location
from isthmus.workflows.codes import decode_file, encode_file, reconstruct_folder, write_samples
from isthmus.workflows.datasets import open_held_out


@pytest.fixture
def photos(tmp_path):
    """Images of the run's size in folders named as two of its classes, and of one that it does not know."""
    rng = np.random.default_rng(0)
    for name in ("2/a.png", "2/a.bmp", "0/b.png", "new/c.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (12, 10), np.uint8)).save(path)
    return tmp_path / "photos"


def encoded(run, data, out):
    encode_file(run, data, out)
    with np.load(out) as arrays:
        return dict(arrays)


def test_codes_can_be_joined_with_files(tiny_ae_run, photos, tmp_path):
    codes = encoded(tiny_ae_run, photos, tmp_path / "codes.npz")
    assert codes["path"].tolist() == ["0/b.png", "2/a.bmp", "2/a.png", "new/c.png"]
    for path, digest in zip(codes["path"], codes["sha256"], strict=True):
        assert hashlib.sha256((photos / path).read_bytes()).hexdigest() == digest
    assert codes["names"].tolist() == ["0/b", "2/a-bmp", "2/a-png", "new/c"]
    assert codes["split"].tolist() == [""] * 4


def test_classes_are_those_of_the_run_by_name(tiny_ae_run, photos, tmp_path):
    codes = encoded(tiny_ae_run, photos, tmp_path / "codes.npz")
    assert tiny_ae_run.class_names == ("0", "1", "2")
    assert codes["class_name"].tolist() == ["0", "2", "2", "new"]
    assert codes["labels"].tolist() == [0, 2, 2, 3]


def test_arrays_have_the_digests_of_their_pixels(tiny_ae_run, bars, tmp_path, capsys):
    images, labels = bars
    np.savez(tmp_path / "x.npz", x_train=images[:9], y_train=labels[:9], x_test=images[9:14], y_test=labels[9:14])
    codes = encoded(tiny_ae_run, tmp_path / "x.npz", tmp_path / "codes.npz")
    assert codes["sha256"].tolist() == [hashlib.sha256(image).hexdigest() for image in images[9:14]]
    assert codes["split"].tolist() == ["test"] * 5
    assert "the 9 training images of x are left out; name x:train for those" in capsys.readouterr().err
    train = encoded(tiny_ae_run, f"{tmp_path / 'x.npz'}:train", tmp_path / "train.npz")
    assert train["split"].tolist() == ["train"] * 9


def test_the_run_s_own_images_have_the_splits_of_its_training(tiny_ae_run, bars, tmp_path):
    np.savez(tmp_path / "bars.npz", x=bars[0], y=bars[1])
    remember_location(tiny_ae_run.manifest.data.fingerprint, tmp_path / "bars.npz")
    codes = encoded(tiny_ae_run, tmp_path / "bars.npz", tmp_path / "codes.npz")
    data = tiny_ae_run.manifest.data
    expected = Counter(train=data.train_images, validation=data.validation_images, test=data.test_images)
    assert Counter(codes["split"].tolist()) == +expected
    held = open_held_out(tiny_ae_run, bars).images
    pixels = {image.tobytes() for image in held.read(range(len(held)))}
    for image, split in zip(bars[0], codes["split"], strict=True):
        assert (split == "test") is (image.tobytes() in pixels)
    np.save(tmp_path / "others.npy", bars[0])
    assert set(encoded(tiny_ae_run, tmp_path / "others.npy", tmp_path / "others.npz")["split"].tolist()) == {""}


def test_pages_and_paths_that_are_there_twice(tiny_ae_run, photos, tmp_path):
    pages = [Image.fromarray(np.full((12, 10), 60 * number, np.uint8)) for number in range(3)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.add(photos / "2" / "a.png", "all/a.png")
        archive.add(photos / "0" / "b.png", "all/a.png")
        archive.add(tmp_path / "stack.tif", "all/stack.tif")
    codes = encoded(tiny_ae_run, tmp_path / "all.tar", tmp_path / "codes.npz")
    assert codes["path"].tolist() == ["all/a.png", "all/a.png", *(f"all/stack.tif[{number}]" for number in range(3))]
    stack = hashlib.sha256((tmp_path / "stack.tif").read_bytes()).hexdigest()
    assert codes["sha256"].tolist() == ["", "", stack, stack, stack]


@pytest.mark.parametrize(
    ("command", "suffix", "more"),
    [(encode_file, ".npz", ""), (reconstruct_folder, "", "; --tiles keeps the sizes of large ones")],
)
def test_what_is_refitted_is_reported(tiny_ae_run, photos, tmp_path, capsys, command, suffix, more):
    command(tiny_ae_run, photos, tmp_path / f"as-they-are{suffix}")
    assert "become" not in capsys.readouterr().err
    Image.new("RGB", (64, 64)).save(photos / "0" / "cat.png")
    command(tiny_ae_run, photos, tmp_path / f"refitted{suffix}")
    assert (
        "1 of 5 images are not 10x12x1; '0/cat.png' is 64x64x3. They become 10x12 grey, cropped where the proportions "
        f"differ, as the run's images are{more}\n"
    ) in capsys.readouterr().err


def test_files_have_all_channels(bands_run, bands, tmp_path, capsys):
    assert reconstruct_folder(bands_run, bands[:3], tmp_path / "out") == 3
    found = np.stack([tifffile.imread(tmp_path / "out" / f"{index}.tif") for index in range(3)])
    np.testing.assert_array_equal(found, bands_run.reconstruct(bands[:3]))
    assert "comparison.png: channels 1, 2, 3 of 5 shown as red, green, blue" in capsys.readouterr().err
    encode_file(bands_run, bands[:3], tmp_path / "codes.npz")
    decode_file(bands_run, tmp_path / "codes.npz", tmp_path / "decoded")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "decoded" / "1.tif"), found[1])
    write_samples(bands_run, tmp_path / "samples", 2, seed=5)
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "samples" / "sample-1.tif"), bands_run.sample(2, seed=5)[1]
    )


def test_16_bits_are_trained_as_floats_and_written_in_their_range(bands, tmp_path, capsys):
    deep = bands[..., :2].astype(np.uint16) * 16
    np.save(tmp_path / "deep.npy", deep)
    data, changes = tmp_path / "deep.npy", {"training.epochs": 1}
    run = isthmus.train(data, "dense-ae", tmp_path / "run", changes=changes, report=False)
    assert (run.image.dtype, run.preprocessing.bits) == ("float32", 12)
    brighter = deep[:3].copy()
    brighter[:, 0] = 60_000  # the range is that of the training images
    folder = tmp_path / "new"
    folder.mkdir()
    for index, image in enumerate(brighter):
        tifffile.imwrite(folder / f"{index}.tif", image, photometric="minisblack", planarconfig="contig")
    expected = run.reconstruct(np.minimum(brighter / np.float32(4095), 1))
    reconstruct_folder(run, folder, tmp_path / "out")
    found = np.stack([tifffile.imread(tmp_path / "out" / f"{index}.tif") for index in range(3)])
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, np.rint(expected * np.float32(4095)))
    assert "use 16 bits; the run's used 12, so 0 to 4,095 becomes 0 to 1" in capsys.readouterr().err
