import json

import numpy as np
import pytest
from PIL import Image

from isthmus.data import open_images


@pytest.mark.slow
def test_there_and_back(isthmus, tmp_path, trained):
    run, _ = trained
    done = isthmus("compress", run, "digits", "--threshold", "--out", "x.isth", "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)
    assert (metrics["images"], metrics["model_inside"]) == (250, True)
    assert metrics["net_bits_per_number"] < 0.5
    assert isthmus("decompress", "x.isth", "--out", "back").returncode == 0
    test = open_images("digits:test").train
    expected = np.where(test.read(np.arange(3)) > 127, 255, 0)
    for name, image in zip(test.names[:3], expected, strict=True):
        with Image.open(tmp_path / "back" / f"{name}.png") as found:
            np.testing.assert_array_equal(np.asarray(found), image[..., 0])


@pytest.mark.slow
def test_metrics_in_words(isthmus, trained):
    done = isthmus("compress", trained[0], "digits", "--threshold", "--compare", "--out", "x.isth")
    assert done.returncode == 0, done.stderr
    assert "bits per pixel" in done.stdout
    assert "with the model of" in done.stdout
    assert "WebP lossless" in done.stdout


def test_what_cannot_be_compared_is_compressed_all_the_same(isthmus, trained, tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("L", (5, 6)).save(tmp_path / "in" / "small.png")
    done = isthmus("compress", trained[0], "in", "--compare", "--out", "x.isth", "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)
    assert (metrics["images"], metrics["compared"], metrics["others"]) == (1, 0, {})
    done = isthmus("compress", trained[0], "in", "--compare", "--out", "y.isth")
    assert "only images of the run's shape were compared with other codecs: 0" in done.stdout


def test_what_is_wrong_is_said(isthmus, tmp_path, trained):
    run, _ = trained
    (tmp_path / "no.isth").write_bytes(b"no archive at all")
    for arguments, status, message in (
        (("verify", "no.isth"), 1, "is not an isthmus archive"),
        (("list", "missing.isth"), 1, "cannot be opened"),
        (("compress", run, "digits", "--out", "x.zip"), 2, "end in .isth"),
        (("compress", run, "nothing-there", "--out", "x.isth"), 2, "no data set or path"),
        (("decompress", "no.isth", "--out", "back"), 1, "is not an isthmus archive"),
    ):
        done = isthmus(*arguments)
        assert done.returncode == status, done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["no.isth"]


def test_lossy_there_and_back(isthmus, tmp_path, trained):
    run, _ = trained
    done = isthmus("compress", run, "digits", "--lossy", "--bytes-per-image", 6, "--out", "x.isth", "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)
    size = (tmp_path / "x.isth").stat().st_size
    assert (metrics["images"], metrics["bytes"]) == (250, size)
    assert size <= 1500
    assert isthmus("list", "x.isth").stdout.count("\n") == 251
    assert json.loads(isthmus("list", "x.isth", "--json").stdout)["lossy"] is True
    assert isthmus("verify", "x.isth", "--run", run).stdout == "x.isth: every pixel of 250 images is verified\n"
    assert isthmus("decompress", "x.isth", "--run", run, "--out", "back").returncode == 0
    assert len(list((tmp_path / "back").iterdir())) == 250


def test_lossless_and_lossy_do_not_mix(isthmus, trained):
    for given, message in (
        (("--quality", 5), "--quality needs --lossy"),
        (("--lossy", "--no-embed-model"), "--no-embed-model cannot be used with --lossy"),
        (("--lossy", "--quality", 5, "--bytes-per-image", 5), "got both"),
    ):
        done = isthmus("compress", trained[0], "digits", "--out", "x.isth", *given)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
