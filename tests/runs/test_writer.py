import errno

import pytest

from isthmus.errors import StorageError
from isthmus.runs.folder import read_file, read_manifest
from isthmus.runs.manifest import DataEntry, GroupEntry, ImageEntry, Manifest
from isthmus.runs.writer import RunWriter

IMAGE = ImageEntry(height=1, width=1, channels=1, dtype="uint8")


@pytest.fixture
def writer(tmp_path):
    data = DataEntry(name="d", fingerprint="f", train_images=1, validation_images=0, test_images=0)
    group = GroupEntry(name="latent", kind="point", shape=(1,))
    manifest = Manifest(state="training", images=IMAGE, target=IMAGE, source=IMAGE, latent_groups=(group,), data=data)
    return RunWriter(tmp_path / "run", manifest)


def test_what_counts_is_what_was_committed(writer):
    writer.write("one", b"1")
    assert not (writer.folder / "manifest.json").exists()
    writer.commit()
    writer.write("two", "σ")
    writer.update(state="complete")
    before = read_manifest(writer.folder)
    assert (before.state, list(before.files)) == ("training", ["one"])
    writer.commit()
    after = read_manifest(writer.folder)
    assert (after.state, list(after.files)) == ("complete", ["one", "two"])
    assert read_file(writer.folder, "two", after) == "σ".encode()


def test_records_what_others_wrote(writer):
    writer.write("one", b"1")
    (writer.folder / "other").write_bytes(b"by a callback")
    writer.record("other")
    assert writer.commit().files["other"].bytes == 13


def test_a_full_disk_leaves_the_run_as_it_was(writer, monkeypatch, files_in):
    writer.write("one", b"1")
    writer.commit()

    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.write_bytes", full)
        with pytest.raises(StorageError, match="full"):
            writer.write("two", b"2")
        with pytest.raises(StorageError, match="full"):
            writer.commit()
    assert files_in(writer.folder) == ["manifest.json", "one"]
    assert list(read_manifest(writer.folder).files) == ["one"]
