import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from isthmus.codec.coder.bits_back import BitsBack
from isthmus.data import ArraySource, ImageSet
from isthmus.errors import DataError, RunError, UsageError
from isthmus.workflows.compression import compress, compress_lossy
from isthmus.workflows.decompression import decompress


@pytest.fixture
def folder(tmp_path, binarised):
    """A folder as people have them: images that the run codes, and some that it does not."""
    place = tmp_path / "photos"
    for i, image in enumerate(binarised[:12]):
        path = place / f"{i % 3}" / f"{i:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (30, 20, 3)).astype(np.uint8)).save(place / "large.jpg")
    Image.fromarray(binarised[0][..., 0]).save(place / "0" / "000.bmp")
    Image.fromarray(rng.integers(0, 256, (12, 10)).astype(np.uint8)).save(place / "grey.png")
    Image.fromarray(binarised[1][..., 0]).convert("1").save(place / "bits.png")
    (place / "torn.png").write_bytes(b"\x89PNG\r\n")
    (place / "notes.txt").write_text("no image")
    return place


def test_an_array_comes_back_as_an_array(tiny_run, binarised, tmp_path):
    done = compress(tiny_run, binarised, tmp_path / "x.isth", chunk_images=50)
    assert (done.images, done.tally.images, done.skipped) == (120, 120, ())
    poor = [note for note in done.notes if "smaller size without the model" in note]
    assert (done.tally.coded + done.tally.poor, list(done.notes)) == (120, poor)
    assert len(poor) == bool(done.tally.poor)
    assert decompress(tmp_path / "x.isth", tmp_path / "x.npy", tiny_run).count == 120
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), binarised)


def test_a_folder_comes_back_with_its_names(tiny_run, folder, tmp_path, files_in):
    done = compress(tiny_run, folder, tmp_path / "x.isth", embed=True)
    assert done.embedded
    assert [item.name for item in done.skipped] == []
    restored = decompress(tmp_path / "x.isth", tmp_path / "back")
    assert restored.damage == ()
    assert restored.renamed == (("0/000.png", "0/000-2.png"),)
    names = [f"{i % 3}/{i:03d}.png" for i in range(12)]
    assert files_in(tmp_path / "back") == sorted(
        [*names, "0/000-2.png", "large.jpg", "grey.png", "bits.png", "torn.png"]
    )
    for name in [*names, "grey.png", "bits.png"]:
        with Image.open(folder / name) as before, Image.open(tmp_path / "back" / name) as after:
            np.testing.assert_array_equal(np.asarray(before.convert("L")), np.asarray(after))
    for name in ("large.jpg", "torn.png"):
        assert (folder / name).read_bytes() == (tmp_path / "back" / name).read_bytes()


def test_a_note_says_what_the_model_does_not_code(tiny_run, folder, bars, tmp_path):
    done = compress(tiny_run, folder, tmp_path / "x.isth")
    assert any("1 image has more levels than black and white" in note for note in done.notes)
    assert any("not 8-bit images of 10x12x1, stored byte by byte: 2" in note for note in done.notes)
    done = compress(tiny_run, bars[0], tmp_path / "y.isth", threshold=True)
    assert done.tally.coded + done.tally.poor == 120
    assert any("binarised images" in note for note in done.notes)
    decompress(tmp_path / "y.isth", tmp_path / "y.npy", tiny_run)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), np.where(bars[0] > 127, 255, 0))


def test_files_that_are_smaller_are_kept(tiny_run, tmp_path, files_in, monkeypatch):
    """As those of a bit for each pixel are, of what the model knows nothing of."""
    monkeypatch.setattr(BitsBack, "bits", lambda self, images, posterior: np.full(len(images), 9999))
    place = tmp_path / "photos"
    place.mkdir()
    rng = np.random.default_rng(0)
    for n in range(30):
        letters = rng.integers(33, 127, 400 if n % 10 == 0 else 0).astype(np.uint8).tobytes()
        comment = b"#" + letters + b"\n" if letters else b""  # with it the pixels are smaller
        (place / f"{n:02d}.pgm").write_bytes(b"P4\n" + comment + b"10 12\n" + rng.bytes(24))
    done = compress(tiny_run, place, tmp_path / "x.isth", embed=True)
    assert done.tally.smaller == 27
    assert any("stored as their files, which are smaller: 27" in note for note in done.notes)
    decompress(tmp_path / "x.isth", tmp_path / "back")
    assert files_in(tmp_path / "back") == [f"{n:02d}.{'png' if n % 10 == 0 else 'pgm'}" for n in range(30)]
    for n in range(30):
        (after,) = (tmp_path / "back").glob(f"{n:02d}.*")
        if n % 10:
            assert after.read_bytes() == (place / after.name).read_bytes()
        else:
            with Image.open(place / f"{n:02d}.pgm") as before, Image.open(after) as image:
                np.testing.assert_array_equal(np.asarray(before.convert("L")), np.asarray(image))
    decompress(tmp_path / "x.isth", tmp_path / "back.npy")
    images = np.load(tmp_path / "back.npy")
    for n in range(30):
        with Image.open(place / f"{n:02d}.pgm") as before:
            np.testing.assert_array_equal(np.asarray(before.convert("L")), images[n, ..., 0])


def test_a_note_says_what_grew_and_what_was_left_out(tiny_run, binarised, tmp_path):
    several = np.repeat(binarised, 20, axis=0)
    done = compress(tiny_run, several, tmp_path / "x.isth", embed=False)
    assert not any("of the input" in note or "left out" in note for note in done.notes)
    done = compress(tiny_run, binarised[:1], tmp_path / "x.isth", append=True, embed=False)
    assert any("more than the 120 bytes of the input" in note for note in done.notes)
    done = compress(tiny_run, ImageSet("s", ArraySource(several), ArraySource(binarised)), tmp_path / "y.isth")
    assert done.images == 120
    assert any("compress the 2,400 training images instead" in note for note in done.notes)


def test_a_model_counts_as_growth_where_it_was_added(tiny_run, binarised, tmp_path, monkeypatch):
    everything = np.iinfo(np.int64).max
    module = "isthmus.codec.archive.chunk"
    monkeypatch.setattr(f"{module}._plain_bits", lambda model, images: np.full(len(images), everything))
    for append in (False, True):
        done = compress(tiny_run, binarised[:1], tmp_path / "x.isth", append=append)
        assert done.embedded
        assert any("of it the model: more than the 120 bytes" in note for note in done.notes) != append


def test_appending(tiny_run, binarised, tmp_path):
    compress(tiny_run, binarised[:50], tmp_path / "x.isth")
    done = compress(tiny_run, binarised[50:], tmp_path / "x.isth", append=True)
    assert (done.images, done.tally.images) == (120, 70)
    decompress(tmp_path / "x.isth", tmp_path / "x.npy", tiny_run)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), binarised)
    with pytest.raises(UsageError, match="no archive"):
        compress(tiny_run, binarised, tmp_path / "no.isth", append=True)


def test_archives_appended_to_at_once_lose_no_image(tiny_run, binarised, tmp_path):
    """Each of four writers reads, adds its 20 images and replaces, and all start together."""
    compress(tiny_run, binarised[:40], tmp_path / "x.isth", threads=1)
    start = threading.Barrier(4)

    def append(writer):
        start.wait()
        part = binarised[40 + 20 * writer :][:20]
        return compress(tiny_run, part, tmp_path / "x.isth", append=True, threads=1).images

    with ThreadPoolExecutor(4) as pool:
        totals = sorted(pool.map(append, range(4)))
    assert totals == [60, 80, 100, 120]
    decompress(tmp_path / "x.isth", tmp_path / "x.npy", tiny_run)
    found = np.load(tmp_path / "x.npy")
    assert sorted(image.tobytes() for image in found) == sorted(image.tobytes() for image in binarised)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock") == ["x.isth", "x.npy"]


def test_archives_made_at_once_do_not_replace_each_other(tiny_run, binarised, tmp_path):
    start = threading.Barrier(2)

    def make(work, part):
        start.wait()
        with contextlib.suppress(UsageError):
            work(tiny_run, part, tmp_path / "x.isth")
            return 1
        return 0

    with ThreadPoolExecutor(2) as pool:
        for work in (compress, compress_lossy):
            assert sum(pool.map(make, [work] * 2, [binarised[:20], binarised[20:60]])) == 1
            (tmp_path / "x.isth").unlink()


def test_what_could_not_come_back_is_refused(tiny_run, folder, tmp_path, monkeypatch):
    for module in ("chunk", "directory"):
        monkeypatch.setattr(f"isthmus.codec.archive.{module}.MOST_NUMBERS", 10 * 12 * 30)
    (folder / "zoo.tif").write_bytes(bytes(10 * 12 * 30 + 1))
    with pytest.raises(DataError, match=r"'zoo\.tif' is too large for an archive"):
        compress(tiny_run, folder, tmp_path / "x.isth", chunk_images=1)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
    (folder / "zoo.tif").write_bytes(bytes(10 * 12 * 30))
    compress(tiny_run, folder, tmp_path / "x.isth", chunk_images=1)
    assert decompress(tmp_path / "x.isth", tmp_path / "back", tiny_run).damage == ()


def test_calls_that_are_wrong(tiny_run, tiny_ae_run, binarised, tmp_path):
    with pytest.raises(UsageError, match=r"end in \.isth"):
        compress(tiny_run, binarised, tmp_path / "x.zip")
    with pytest.raises(UsageError, match="chunk of 1 to"):
        compress(tiny_run, binarised, tmp_path / "x.isth", chunk_images=10**9)
    with pytest.raises(RunError, match="plain autoencoder"):
        compress(tiny_ae_run, binarised, tmp_path / "x.isth")
    compress(tiny_run, binarised, tmp_path / "x.isth", embed=False)
    with pytest.raises(UsageError, match="exists already"):
        compress(tiny_run, binarised, tmp_path / "x.isth")
    with pytest.raises(UsageError, match="--run RUN"):
        decompress(tmp_path / "x.isth", tmp_path / "back")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.isth"]


PROGRAM = """
import sys, numpy as np, isthmus
from isthmus.workflows.compression import compress
images = np.zeros((400_000, 12, 10, 1), np.uint8)
images[::2, 4:8] = 255
compress(isthmus.load(sys.argv[1]), images, __import__("pathlib").Path(sys.argv[2]), chunk_images=500)
"""


@pytest.mark.slow
def test_a_killed_compression_leaves_no_half_archive(tiny_run, tmp_path):
    out = tmp_path / "x.isth"
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tiny_run.path), str(out)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if any(path.stat().st_size > 1000 for path in tmp_path.iterdir()):
                break
            time.sleep(0.05)
        else:
            raise AssertionError("nothing was written")
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
    assert not out.exists()
