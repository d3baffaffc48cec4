import numpy as np
import pytest

from isthmus.codec import RecordReader
from isthmus.data import ArraySource
from isthmus.errors import ArchiveError, UsageError
from isthmus.workflows.archives import Verified, list_archive, verify
from isthmus.workflows.compression import compress
from isthmus.workflows.decompression import decompress


def test_some_images_alone(tiny_run, binarised, tmp_path, files_in):
    compress(tiny_run, binarised, tmp_path / "x.isth", chunk_images=20)
    decompress(tmp_path / "x.isth", tmp_path / "some", tiny_run, only=("007", "9", "111"))
    assert files_in(tmp_path / "some") == ["007.png", "008.png", "111.png"]
    with pytest.raises(UsageError, match="there is no image 'nobody'"):
        decompress(tmp_path / "x.isth", tmp_path / "none", tiny_run, only=("nobody",))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("only", [("3", "3"), ("3", "002"), ("002",)])
def test_an_image_asked_for_twice_is_there_once(tiny_run, binarised, tmp_path, only):
    compress(tiny_run, binarised, tmp_path / "x.isth", chunk_images=20)
    assert decompress(tmp_path / "x.isth", tmp_path / "x.npy", tiny_run, only=only).count == 1
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), binarised[2:3])


def test_images_of_another_shape_are_an_array_if_they_are_alike(tiny_run, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3)).astype(np.uint8)
    compress(tiny_run, images, tmp_path / "x.isth")
    decompress(tmp_path / "x.isth", tmp_path / "x.npy", tiny_run)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), images)


@pytest.fixture
def reads(monkeypatch):
    """The bytes that are read of archives, by where they begin."""
    found = []
    plainly = RecordReader._bytes

    def noted(self, start, count):
        content = plainly(self, start, count)
        found.append((start, len(content)))
        return content

    monkeypatch.setattr(RecordReader, "_bytes", noted)
    return found


@pytest.fixture
def large(tiny_run, tmp_path):
    """An archive whose chunks are far larger than their directories, and where each lies."""
    images = np.random.default_rng(0).integers(0, 256, (40, 50, 50, 1)).astype(np.uint8)
    path = tmp_path / "large.isth"
    compress(tiny_run, images, path, chunk_images=4)
    with RecordReader(path) as reader:
        return path, [place for place in reader.records() if place.kind == "chnk"]


def test_what_is_not_wanted_is_not_read(tiny_run, large, reads, tmp_path):
    path, places = large
    decompress(path, tmp_path / "one", tiny_run, only=("23",))
    wanted = places[5]
    assert sum(count for start, count in reads if wanted.start <= start < wanted.end) < 1.1 * wanted.length
    assert sum(count for start, count in reads if not wanted.start <= start < wanted.end) < 0.1 * path.stat().st_size


def test_everything_is_read_once(tiny_run, large, reads, tmp_path):
    path, _ = large
    for work in (
        lambda: decompress(path, tmp_path / "all", tiny_run),
        lambda: verify(path),
        lambda: verify(path, tiny_run),
    ):
        reads.clear()
        work()
        assert path.stat().st_size <= sum(count for _, count in reads) < 1.1 * path.stat().st_size
    reads.clear()
    list_archive(path)
    assert sum(count for _, count in reads) < 0.1 * path.stat().st_size


def test_damage_elsewhere_does_not_matter_to_one_image(tiny_run, large, tmp_path):
    path, places = large
    content = bytearray(path.read_bytes())
    content[places[2].start + 40] ^= 1
    path.write_bytes(content)
    assert decompress(path, tmp_path / "one.npy", tiny_run, only=("23",)).damage == ()
    assert len(decompress(path, tmp_path / "lost", tiny_run, only=("9",)).damage) == 1
    with pytest.raises(ArchiveError, match=r"images 9 to 12.*an array has no gaps"):
        decompress(path, tmp_path / "lost.npy", tiny_run, only=("9",))


def test_an_archive_whose_model_is_damaged(tiny_run, binarised, tmp_path):
    path = tmp_path / "x.isth"
    compress(tiny_run, binarised, path, embed=True)
    with RecordReader(path) as reader:
        model = next(reader.records())
    content = bytearray(path.read_bytes())
    content[model.start + model.length // 2] ^= 1
    path.write_bytes(content)
    for found in (verify(path), verify(path, tiny_run)):
        assert [str(part).startswith(f"the model inside: the model inside {path}") for part in found.damage] == [True]
        assert found.count == 120
    listed = list_archive(path)
    assert (listed.embedded, len(listed.names), listed.damage) == (True, 120, ())
    with pytest.raises(ArchiveError, match=r"x\.isth cannot be read: record 1 is damaged.*--run RUN"):
        decompress(path, tmp_path / "back")
    assert decompress(path, tmp_path / "back", tiny_run).damage == ()


def test_images_that_no_model_codes_need_none(tiny_run, tmp_path, files_in):
    place = tmp_path / "files"
    place.mkdir()
    for n in range(5):
        (place / f"{n}.jpg").write_bytes(bytes([n]) * 50)
    done = compress(tiny_run, place, tmp_path / "x.isth")
    assert not done.embedded
    assert any("codes none of the images, so the archive is read without it" in note for note in done.notes)
    assert verify(tmp_path / "x.isth") == Verified(5, decoded=True)
    assert decompress(tmp_path / "x.isth", tmp_path / "back").damage == ()
    assert [(tmp_path / "back" / name).read_bytes() for name in files_in(tmp_path / "back")] == [
        bytes([n]) * 50 for n in range(5)
    ]


def test_an_archive_needs_no_run_and_outlives_it(tiny_run, tiny_ae_run, binarised, tmp_path):
    """A run that is trained further has another model, as the other run here; the one inside stays."""
    compress(tiny_run, binarised, tmp_path / "x.isth")
    for number, run in enumerate((None, tiny_run, tiny_ae_run)):
        decompress(tmp_path / "x.isth", tmp_path / f"{number}.npy", run)
        np.testing.assert_array_equal(np.load(tmp_path / f"{number}.npy"), binarised)
        assert verify(tmp_path / "x.isth", run) == Verified(120, decoded=True)


def test_damage_costs_no_other_image(tiny_run, binarised, tmp_path, files_in):
    path = tmp_path / "x.isth"
    compress(tiny_run, binarised, path, chunk_images=40, embed=False)
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


def test_names_that_would_leave_the_folder_stay_in_it(tiny_run, binarised, tmp_path, files_in):
    source = ArraySource(binarised[:3], names=("good", "../evil", "/evil"))
    compress(tiny_run, source, tmp_path / "x.isth")
    done = decompress(tmp_path / "x.isth", tmp_path / "back", tiny_run)
    assert files_in(tmp_path / "back") == ["__/evil.png", "evil.png", "good.png"]
    assert done.renamed == (("../evil", "__/evil.png"), ("/evil", "evil.png"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "x.isth"]
