import json

import numpy as np
import pytest
from PIL import Image

from isthmus.data import open_images


def test_encode_then_decode_is_reconstruct(isthmus, tmp_path, trained):
    run, _ = trained
    assert isthmus("encode", run, "digits:test", "--out", "codes.npz").returncode == 0
    assert isthmus("decode", run, "codes.npz", "--out", "decoded").returncode == 0
    assert isthmus("reconstruct", run, "digits:test", "--out", "reconstructed").returncode == 0
    codes = np.load(tmp_path / "codes.npz")
    test = open_images("digits:test").train
    assert codes["mean"].shape == codes["log_variance"].shape == (len(test), 2)
    np.testing.assert_array_equal(codes["labels"], test.labels)
    decoded = sorted(path.name for path in (tmp_path / "decoded").iterdir())
    assert decoded == [f"{name}.png" for name in codes["names"]]
    for name in decoded[::100]:
        assert (tmp_path / "decoded" / name).read_bytes() == (tmp_path / "reconstructed" / name).read_bytes()
    assert (tmp_path / "reconstructed" / "comparison.png").is_file()


def test_a_plain_name_means_the_test_images(isthmus, trained):
    run, _ = trained
    assert json.loads(isthmus("encode", run, "digits", "--out", "c.npz", "--json").stdout)["images"] == 250


def test_draws_give_several_answers_for_each_image(isthmus, tmp_path, trained):
    run, _ = trained
    np.save(tmp_path / "x.npy", open_images("digits:test").train.read(np.array([3, 125])))
    assert isthmus("reconstruct", run, "x.npy", "--out", "out", "--draws", 3).returncode == 0
    names = sorted(path.stem for path in (tmp_path / "out").iterdir())
    assert names == ["0-1", "0-2", "0-3", "1-1", "1-2", "1-3", "comparison"]
    assert (tmp_path / "out" / "0-1.png").read_bytes() != (tmp_path / "out" / "0-2.png").read_bytes()


def test_samples_as_a_picture_as_files_and_as_an_array(isthmus, tmp_path, trained):
    run, _ = trained
    for out in ("samples.png", "samples", "samples.npy"):
        assert isthmus("sample", run, "-n", 12, "--seed", 5, "--out", out).returncode == 0
    array = np.load(tmp_path / "samples.npy")
    assert (array.shape, array.dtype) == ((12, 28, 28, 1), np.dtype(np.uint8))
    files = sorted((tmp_path / "samples").iterdir())
    np.testing.assert_array_equal(np.stack([np.asarray(Image.open(path)) for path in files]), array[..., 0])
    with Image.open(tmp_path / "samples.png") as sheet:
        assert sheet.width > 4 * 28


def test_the_seed_fixes_the_samples(isthmus, tmp_path, trained):
    run, _ = trained
    for out, seed in (("a.npy", 1), ("b.npy", 1), ("c.npy", 2)):
        isthmus("sample", run, "--seed", seed, "--out", out)
    a, b, c = (np.load(tmp_path / name) for name in ("a.npy", "b.npy", "c.npy"))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_a_label_that_is_none_lists_those_that_are(isthmus, tmp_path, trained):
    done = isthmus("sample", trained[0], "--label", "eleven", "--out", "x.png")
    assert done.returncode == 2
    assert "there is no label 'eleven'; there are 0, 1, 2" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["encode", "reconstruct"])
def test_a_label_for_a_run_without_classes(isthmus, tmp_path, trained, command):
    done = isthmus(command, trained[0], "digits", "--label", "7", "--out", "out.npz")
    assert done.returncode == 2
    assert "is not conditional, so it takes no class. Leave the label '7' out" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["encode", "reconstruct"])
def test_images_of_another_shape_are_named(isthmus, tmp_path, trained, command):
    np.save(tmp_path / "cat.npy", np.zeros((1, 30, 40, 3), np.uint8))
    done = isthmus(command, trained[0], "cat.npy", "--out", "out.npz")
    assert done.returncode == 1
    assert "expected images of 28x28x1, as run 'digits' was trained on" in done.stderr
    assert "40x30x3" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cat.npy"]


def test_an_image_file_is_fitted_as_those_of_the_training_were(isthmus, tmp_path, trained):
    Image.new("RGB", (40, 30), "white").save(tmp_path / "cat.png")
    np.save(tmp_path / "cat.npy", np.full((1, 28, 28, 1), 255, np.uint8))
    for name in ("cat.png", "cat.npy"):
        assert isthmus("encode", trained[0], name, "--out", f"{name}.npz").returncode == 0
    codes = [np.load(tmp_path / f"{name}.npz")["mean"] for name in ("cat.png", "cat.npy")]
    np.testing.assert_array_equal(*codes)


def test_large_images_in_tiles(isthmus, tmp_path, trained):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 61), np.uint8)).save(tmp_path / "scan.png")
    done = isthmus("reconstruct", trained[0], "scan.png", "--tiles", "--out", "out", "--json")
    assert json.loads(done.stdout) == {"images": 1, "out": "out"}
    with Image.open(tmp_path / "out" / "scan.png") as made:
        assert made.size == (61, 50)
    Image.new("L", (27, 40)).save(tmp_path / "narrow.png")
    done = isthmus("reconstruct", trained[0], "narrow.png", "--tiles", "--out", "none")
    assert done.returncode == 1
    assert "expected images of 28x28 or larger, the tiles of run 'digits'; 'narrow' is 27x40" in done.stderr


def test_no_output_is_overwritten(isthmus, tmp_path, trained):
    (tmp_path / "x.png").write_text("mine")
    done = isthmus("sample", trained[0], "--out", "x.png")
    assert done.returncode == 2
    assert (tmp_path / "x.png").read_text() == "mine"


def test_nothing_is_written_among_the_images(isthmus, tmp_path, trained):
    (tmp_path / "photos").mkdir()
    Image.new("L", (28, 28)).save(tmp_path / "photos" / "cat.png")
    done = isthmus("reconstruct", trained[0], "photos", "--out", "photos/again")
    assert done.returncode == 2
    assert "would lie among the images" in done.stderr
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.png"]


def test_codes_that_are_none(isthmus, tmp_path, trained):
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04")
    with (tmp_path / "single.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    np.savez(tmp_path / "wide.npz", latent=np.zeros((3, 5), np.float32))
    np.savez(tmp_path / "complex.npz", latent=np.ones((3, 2), np.complex64))
    refusals = (
        ("torn", "torn"),
        ("single", "is not an .npz file"),
        ("other", "'latent' or 'mean'"),
        ("wide", "(n, 2)"),
        ("complex", "from dtype('complex64')"),
        ("no", "no file"),
    )
    for name, message in refusals:
        done = isthmus("decode", trained[0], f"{name}.npz", "--out", "out")
        assert done.returncode in (1, 2)
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()
