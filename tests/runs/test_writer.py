import errno
from itertools import count
from pathlib import Path

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


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def kill(monkeypatch):
    """Make a function end before or after it moves its k-th file to its place; whether it came so far."""

    def run(act, k, before):
        replace, moves = Path.replace, count()

        def move(path, target):
            ends = next(moves) == k
            if ends and before:
                raise Killed
            replace(path, target)
            if ends:
                raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", move)
            try:
                act()
            except Killed:
                return True
        return False

    return run


OLD = {"recipe.json": b"old recipe", "weights": b"old weights", "dropped": b"old"}
NEW = {"recipe.json": b"new recipe", "weights": b"new weights", "added": b"new"}


def fill(writer, files):
    for name, content in files.items():
        writer.write(name, content)
    writer.commit()


def contents(folder):
    manifest = read_manifest(folder)
    return {name: read_file(folder, name, manifest) for name in manifest.files}


class TestReplacing:
    """A run is whole whenever the process that replaces its files is killed."""

    @pytest.mark.parametrize("before", [True, False])
    def test_at_each_write(self, writer, kill, files_in, before):
        folder, manifest = writer.folder, writer.manifest
        fill(writer, OLD)
        found = []
        for k in count():
            next_writer = RunWriter(folder, manifest, read_manifest(folder))
            killed = kill(lambda writer=next_writer: fill(writer, NEW), k, before)
            found.append(contents(folder))
            if not killed:
                break
            fill(RunWriter(folder, manifest, read_manifest(folder)), OLD)
            assert contents(folder) == OLD
        # Three files, the manifest, and the two that have to be moved to their places.
        committed = 4 if before else 3
        assert found == [OLD] * committed + [NEW] * (len(found) - committed)
        assert len(found) == 7
        assert files_in(folder) == ["added", "dropped", "manifest.json", "recipe.json", "weights"]

    def test_readers_need_not_move_anything(self, writer, kill, files_in):
        folder, manifest = writer.folder, writer.manifest
        fill(writer, OLD)
        assert kill(lambda: fill(RunWriter(folder, manifest, read_manifest(folder)), NEW), 3, False)
        before = files_in(folder)
        assert {"staged/recipe.json", "staged/weights"} < set(before)
        assert contents(folder) == NEW
        assert files_in(folder) == before

    def test_a_kill_while_files_are_moved_is_made_good_by_the_next_writer(self, writer, kill):
        folder, manifest = writer.folder, writer.manifest
        fill(writer, OLD)
        assert kill(lambda: fill(RunWriter(folder, manifest, read_manifest(folder)), NEW), 4, False)
        RunWriter(folder, manifest, read_manifest(folder)).write("weights", b"newer weights")
        assert contents(folder) == NEW
