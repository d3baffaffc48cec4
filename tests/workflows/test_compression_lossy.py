import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isthmus.codec.lossy.archive import read_codes
from isthmus.data import ArraySource, batches
from isthmus.errors import ArchiveError, UsageError
from isthmus.workflows.archives import Verified, list_archive, verify
from isthmus.workflows.compression import compress_lossy
from isthmus.workflows.decompression import decompress

PLAIN_DECODER = Path(__file__).parents[1] / "codec" / "plain_decoder.py"


@pytest.fixture
def compressed(tiny_run, bars, tmp_path):
    return compress_lossy(tiny_run, bars, tmp_path / "bars.isth", quality=80)


@pytest.mark.parametrize("which", ["tiny_run", "tiny_ae_run"])
def test_images_come_back_nearly_as_they_were(which, bars, tmp_path, request, monkeypatch):
    monkeypatch.setattr(batches, "BATCH_IMAGES", 50)
    run = request.getfixturevalue(which)
    done = compress_lossy(run, bars, tmp_path / "bars.isth", quality=90)
    assert (done.count, done.size) == (120, done.path.stat().st_size)
    assert done.bytes_per_image == done.size / 120
    written = decompress(done.path, tmp_path / "out", run)
    assert written.count == 120
    given = np.stack([np.asarray(Image.open(path)) for path in sorted((tmp_path / "out").iterdir())])
    expected = run.reconstruct(bars[0])[..., 0]
    assert np.abs(given.astype(int) - expected).mean() < 3.0


def test_the_codes_are_those_that_were_rounded(tiny_run, bars, compressed):
    names, codes = read_codes(compressed.path, tiny_run)
    assert len(names) == len(codes) == 120
    posterior = tiny_run.encode(bars[0])
    # Marks lie a quarter of a tolerance apart, or up to an eighth of an octave more.
    tolerances = np.sqrt(np.exp(posterior["log_variance"]).mean(axis=0))
    assert (np.abs(codes - posterior["mean"]).max(axis=0) <= 0.5 * 0.25 * 2 ** (1 / 8) * tolerances * 1.001).all()
    assert len(np.unique(codes, axis=0)) == 3


def test_bytes_are_kept_to(tiny_run, bars, tmp_path):
    budgets = (0.6, 1, 2)
    done = [compress_lossy(tiny_run, bars, tmp_path / f"{i}.isth", bytes_per_image=b) for i, b in enumerate(budgets)]
    sizes = [one.size for one in done]
    assert all(size <= 120 * budget for size, budget in zip(sizes, budgets, strict=True))
    assert sizes == sorted(sizes)
    assert [one.quality for one in done] == sorted(one.quality for one in done)


def test_names_and_folders_come_back(tiny_run, bars, tmp_path):
    for name in ("cats/1.png", "dogs/1.png", "dogs/2.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(bars[0][int(path.stem), :, :, 0]).save(path)
    done = compress_lossy(tiny_run, tmp_path / "in", tmp_path / "x.isth")
    decompress(done.path, tmp_path / "out", tiny_run)
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
    assert found == ["cats/1.png", "dogs/1.png", "dogs/2.png"]


def test_another_run_cannot_read_it(tiny_ae_run, compressed, tmp_path):
    with pytest.raises(ArchiveError, match=r"bars.isth: the codes were made with another run than 'tiny-ae'"):
        decompress(compressed.path, tmp_path / "out", tiny_ae_run)
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_is_an_error(tiny_run, compressed, tmp_path):
    content = bytearray(compressed.path.read_bytes())
    content[40] ^= 1
    compressed.path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"bars.isth: it is damaged"):
        decompress(compressed.path, tmp_path / "out", tiny_run)
    with pytest.raises(ArchiveError, match="it is damaged"):
        verify(compressed.path)


def test_what_cannot_be_asked(tiny_run, bars, compressed, tmp_path):
    with pytest.raises(UsageError, match="exists already"):
        compress_lossy(tiny_run, bars, compressed.path)
    with pytest.raises(UsageError, match="got both"):
        compress_lossy(tiny_run, bars, tmp_path / "x.isth", quality=5, bytes_per_image=9)
    with pytest.raises(UsageError, match="36 bytes are too few"):
        compress_lossy(tiny_run, bars, tmp_path / "x.isth", bytes_per_image=0.3)
    for number in (float("nan"), float("inf"), -1, 0, 1e307):
        with pytest.raises(UsageError, match="--bytes-per-image above 0 and up to 1048576; got"):
            compress_lossy(tiny_run, bars, tmp_path / "x.isth", bytes_per_image=number)
    with pytest.raises(UsageError, match="quality from 1 to 100"):
        compress_lossy(tiny_run, bars, tmp_path / "x.isth", quality=101)
    assert not (tmp_path / "x.isth").exists()
    with pytest.raises(UsageError, match=r"to end in \.isth"):
        compress_lossy(tiny_run, bars, tmp_path / "x.zip")
    with pytest.raises(UsageError, match="Give the run that it was made with"):
        decompress(compressed.path, tmp_path / "out")


def test_some_images_alone_and_all_as_an_array(tiny_run, bars, compressed, tmp_path):
    decompress(compressed.path, tmp_path / "all.npy", tiny_run)
    every = np.load(tmp_path / "all.npy")
    assert every.shape == bars[0].shape
    decompress(compressed.path, tmp_path / "two.npy", tiny_run, only=("007", "111"))
    np.testing.assert_array_equal(np.load(tmp_path / "two.npy"), every[[7, 111]])
    with pytest.raises(UsageError, match="there is no image 'nobody'"):
        decompress(compressed.path, tmp_path / "none", tiny_run, only=("nobody",))
    assert not (tmp_path / "none").exists()


def test_listing_and_verifying(tiny_run, tiny_ae_run, compressed):
    found = list_archive(compressed.path)
    assert found.names[:2] == ("000", "001")
    assert tiny_run.manifest.files["decoder.onnx"].sha256.startswith(found.model)
    assert verify(compressed.path) == Verified(120, decoded=False)
    assert verify(compressed.path, tiny_run) == Verified(120, decoded=True)
    with pytest.raises(ArchiveError, match="another run"):
        verify(compressed.path, tiny_ae_run)


@pytest.mark.parametrize("quality", [20, 60, 95])
def test_another_decoder_reads_it(tiny_run, bars, tmp_path, quality):
    """One that was written from docs/format.md, in plain whole numbers."""
    spec = importlib.util.spec_from_file_location("plain_decoder", PLAIN_DECODER)
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    source = ArraySource(bars[0][:30], names=(*(f"bars/{n:02d}.png" for n in range(29)), "last"))
    for given in (bars, source):
        path = tmp_path / f"{id(given)}.isth"
        compress_lossy(tiny_run, given, path, quality=quality)
        names, codes = plain.decode_lossy(path.read_bytes())
        expected_names, expected = read_codes(path, tiny_run)
        assert tuple(names) == expected_names
        np.testing.assert_allclose(codes, expected, rtol=1e-6)
