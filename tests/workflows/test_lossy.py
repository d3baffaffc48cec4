import numpy as np
import pytest
from PIL import Image

from isthmus.errors import ArchiveError, UsageError
from isthmus.workflows import lossy
from isthmus.workflows.lossy import compress_lossy, decompress_codes, decompress_lossy


@pytest.fixture
def compressed(tiny_run, bars, tmp_path):
    return compress_lossy(tiny_run, bars, tmp_path / "bars.isth", quality=80)


@pytest.mark.parametrize("which", ["tiny_run", "tiny_ae_run"])
def test_images_come_back_nearly_as_they_were(which, bars, tmp_path, request, monkeypatch):
    monkeypatch.setattr(lossy, "BATCH", 50)
    run = request.getfixturevalue(which)
    done = compress_lossy(run, bars, tmp_path / "bars.isth", quality=90)
    assert (done.count, done.size) == (120, done.path.stat().st_size)
    assert done.bytes_per_image == done.size / 120
    written = decompress_lossy(done.path, run, tmp_path / "out")
    assert written.count == 120
    given = np.stack([np.asarray(Image.open(path)) for path in sorted((tmp_path / "out").iterdir())])
    expected = run.reconstruct(bars[0])[..., 0]
    assert np.abs(given.astype(int) - expected).mean() < 3.0


def test_the_codes_are_those_that_were_rounded(tiny_run, bars, compressed):
    names, codes = decompress_codes(tiny_run, compressed.path.read_bytes())
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
    decompress_lossy(done.path, tiny_run, tmp_path / "out")
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
    assert found == ["cats/1.png", "dogs/1.png", "dogs/2.png"]


def test_another_run_cannot_read_it(tiny_ae_run, compressed, tmp_path):
    with pytest.raises(ArchiveError, match=r"bars.isth: it was written with another run than 'tiny-ae'"):
        decompress_lossy(compressed.path, tiny_ae_run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_is_an_error(tiny_run, compressed, tmp_path):
    content = bytearray(compressed.path.read_bytes())
    content[40] ^= 1
    compressed.path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"bars.isth: it is damaged"):
        decompress_lossy(compressed.path, tiny_run, tmp_path / "out")
    with pytest.raises(UsageError, match="cannot be read"):
        decompress_lossy(tmp_path / "nowhere.isth", tiny_run, tmp_path / "out")


def test_what_cannot_be_asked(tiny_run, bars, compressed, tmp_path):
    with pytest.raises(UsageError, match="exists already"):
        compress_lossy(tiny_run, bars, compressed.path)
    with pytest.raises(UsageError, match="got both"):
        compress_lossy(tiny_run, bars, tmp_path / "x.isth", quality=5, bytes_per_image=9)
    with pytest.raises(UsageError, match="too few"):
        compress_lossy(tiny_run, bars, tmp_path / "x.isth", bytes_per_image=0.3)
    assert not (tmp_path / "x.isth").exists()
