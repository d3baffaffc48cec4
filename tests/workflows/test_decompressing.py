import numpy as np
import pytest
from PIL import Image

from isthmus.data import ArraySource
from isthmus.errors import ArchiveError, UsageError
from isthmus.workflows.compressing import compress
from isthmus.workflows.decompressing import decompress, list_archive, verify


@pytest.fixture
def crisp(bars):
    """Images of black and white."""
    return np.where(bars[0] > 127, 255, 0).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, crisp):
    """A few files: an image that the run codes, and a photo that it does not."""
    place = tmp_path / "photos"
    (place / "0").mkdir(parents=True)
    Image.fromarray(crisp[0][..., 0]).save(place / "0" / "000.png")
    Image.new("RGB", (30, 20), "red").save(place / "large.jpg")
    return place


def test_some_images_alone(tiny_run, crisp, tmp_path, files_in):
    compress(tiny_run, crisp, tmp_path / "x.isth", chunk_images=20)
    decompress(tmp_path / "x.isth", tmp_path / "some", tiny_run, only=("007", "111"))
    assert files_in(tmp_path / "some") == ["007.png", "110.png"]
    with pytest.raises(UsageError, match="there is no image 'nobody'"):
        decompress(tmp_path / "x.isth", tmp_path / "none", tiny_run, only=("nobody",))
    assert not (tmp_path / "none").exists()


def test_listing_needs_no_model(tiny_run, folder, tmp_path):
    compress(tiny_run, folder, tmp_path / "x.isth")
    found = list_archive(tmp_path / "x.isth")
    assert found.names == ("0/000.png", "large.jpg")
    assert found.shapes[found.names.index("large.jpg")] is None
    assert found.shapes[found.names.index("0/000.png")] == (12, 10, 1)
    assert (found.embedded, found.run_name, found.damage) == (False, tiny_run.path.name, ())


def test_verifying(tiny_run, crisp, tmp_path, capsys):
    path = tmp_path / "x.isth"
    compress(tiny_run, crisp, path, chunk_images=40)
    assert verify(path, tiny_run).count == 120
    assert verify(path).damage == ()
    assert "not decoded" in capsys.readouterr().err
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert len(verify(path, tiny_run).damage) == 1


def test_damage_costs_no_other_image(tiny_run, crisp, tmp_path, files_in):
    path = tmp_path / "x.isth"
    compress(tiny_run, crisp, path, chunk_images=40)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = decompress(path, tmp_path / "back", tiny_run)
    assert done.count == 80
    assert len(done.damage) == 1
    assert len(files_in(tmp_path / "back")) == 80
    with pytest.raises(ArchiveError, match=r"an array has no gaps|damaged"):
        decompress(path, tmp_path / "back.npy", tiny_run)
    assert not (tmp_path / "back.npy").exists()


def test_names_that_would_leave_the_folder_are_refused(tiny_run, crisp, tmp_path):
    source = ArraySource(crisp[:2], names=("good", "../evil"))
    compress(tiny_run, source, tmp_path / "x.isth")
    with pytest.raises(ArchiveError, match="stays within the folder"):
        decompress(tmp_path / "x.isth", tmp_path / "back", tiny_run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.isth"]
