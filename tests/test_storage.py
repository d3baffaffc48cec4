import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from isthmus.errors import StorageError, UsageError
from isthmus.storage import atomic_file, locked, new_folder, require_free, storage_errors, write_bytes, write_text


def fails_with(number):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    return fail


class TestFiles:
    def test_is_there_whole_in_a_folder_made_for_it(self, tmp_path, files_in):
        write_bytes(tmp_path / "a" / "b" / "file.bin", b"content")
        assert files_in(tmp_path) == ["a/b/file.bin"]
        assert (tmp_path / "a/b/file.bin").read_bytes() == b"content"

    def test_text_is_utf8(self, tmp_path):
        write_text(tmp_path / "file", "σ ≥ 1\n")
        assert (tmp_path / "file").read_bytes() == b"\xcf\x83 \xe2\x89\xa5 1\n"

    @pytest.mark.parametrize("durable", [False, True])
    def test_replaces_what_was_there_at_the_end_only(self, tmp_path, durable):
        path = tmp_path / "file.png"
        path.write_bytes(b"old")
        with atomic_file(path, durable=durable) as temporary:
            temporary.write_bytes(b"new")
            assert path.read_bytes() == b"old"
            assert temporary.suffix == ".png"
            assert temporary.parent == path.parent
        assert path.read_bytes() == b"new"

    def test_durable_waits_for_the_disk(self, tmp_path, monkeypatch):
        synced = []
        monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
        write_bytes(tmp_path / "file", b"content")
        assert synced == [7]

    def test_a_failing_writer_leaves_the_old_file_and_nothing_else(self, tmp_path, files_in):
        path = tmp_path / "file"
        path.write_bytes(b"old")

        def write_half():
            with atomic_file(path) as temporary:
                temporary.write_bytes(b"half")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_half()
        assert files_in(tmp_path) == ["file"]
        assert path.read_bytes() == b"old"

    def test_others_may_read_it_as_the_umask_says(self, tmp_path):
        before = os.umask(0o027)
        try:
            write_bytes(tmp_path / "file", b"")
        finally:
            os.umask(before)
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640

    def test_a_long_name_fits(self, tmp_path):
        name = "n" * 250 + ".png"
        write_bytes(tmp_path / name, b"x")
        assert (tmp_path / name).exists()


class TestTrouble:
    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (errno.ENOSPC, "the disk is full. Free some space"),
            (errno.EDQUOT, "the disk is full"),
            (errno.EROFS, "read-only"),
            (errno.EACCES, "change its permissions"),
            (errno.EPERM, "read-only"),
            (errno.EIO, os.strerror(errno.EIO)),
        ],
    )
    def test_is_said_in_words_with_the_path(self, tmp_path, monkeypatch, files_in, number, words):
        monkeypatch.setattr(tempfile, "mkstemp", fails_with(number))
        with pytest.raises(StorageError, match=words) as caught:
            write_bytes(tmp_path / "file", b"content")
        assert str(tmp_path / "file") in str(caught.value)
        assert files_in(tmp_path) == []

    def test_a_disk_that_fills_up_half_way(self, tmp_path, monkeypatch, files_in):
        def fill(path, content):
            with path.open("wb") as file:
                file.write(content[:3])
            raise OSError(errno.ENOSPC, "No space left on device")

        (tmp_path / "file").write_bytes(b"old")
        monkeypatch.setattr(Path, "write_bytes", fill)
        with pytest.raises(StorageError, match="full"):
            write_bytes(tmp_path / "file", b"content")
        assert files_in(tmp_path) == ["file"]
        assert (tmp_path / "file").read_bytes() == b"old"

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_really_full_device(self):
        with pytest.raises(StorageError, match="full"), storage_errors(Path("/dev/full")):
            Path("/dev/full").write_bytes(b"x")

    def test_a_file_where_a_folder_should_be(self, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(StorageError, match="a file stands where a folder should be"):
            write_bytes(tmp_path / "file" / "inner", b"")

    def test_a_folder_where_the_file_should_be(self, tmp_path, files_in):
        (tmp_path / "folder").mkdir()
        with pytest.raises(StorageError, match="or the other way round"):
            write_bytes(tmp_path / "folder", b"")
        assert files_in(tmp_path) == []

    def test_a_read_only_place_for_a_folder(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tempfile, "mkdtemp", fails_with(errno.EROFS))
        with pytest.raises(StorageError, match="read-only"), new_folder(tmp_path / "out"):
            pass
        assert list(tmp_path.iterdir()) == []


class TestOutputs:
    def test_nothing_and_an_empty_folder_are_free(self, tmp_path):
        (tmp_path / "empty").mkdir()
        require_free(tmp_path / "none")
        require_free(tmp_path / "empty")

    def test_a_file_and_a_full_folder_are_not(self, tmp_path):
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "file").write_bytes(b"")
        for path in (tmp_path / "full", tmp_path / "full" / "file"):
            with pytest.raises(UsageError, match="exists already; choose another --out"):
                require_free(path)

    @pytest.mark.parametrize("there", [False, True])
    def test_a_folder_appears_at_the_end(self, tmp_path, files_in, there):
        out = tmp_path / "deep" / "out"
        if there:
            out.mkdir(parents=True)
        with new_folder(out) as folder:
            (folder / "file").write_bytes(b"x")
            assert not (out / "file").exists()
        assert files_in(tmp_path) == ["deep/out/file"]
        assert out.stat().st_mode & 0o055 == 0o055

    def test_a_folder_that_fails_leaves_nothing(self, tmp_path):
        def fill(folder):
            (folder / "half").write_bytes(b"x")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "out") as folder:
            fill(folder)
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_is_there_stays(self, tmp_path, files_in):
        (tmp_path / "file").write_bytes(b"x")
        with pytest.raises(UsageError, match="exists already"), new_folder(tmp_path):
            pytest.fail("there was nothing to fill")
        assert files_in(tmp_path) == ["file"]

    def test_a_folder_that_another_has_filled_meanwhile(self, tmp_path, files_in):
        def fill(folder):
            (folder / "mine").write_bytes(b"x")
            write_bytes(tmp_path / "out" / "theirs", b"x")

        with pytest.raises(StorageError, match="was written there meanwhile"), new_folder(tmp_path / "out") as folder:
            fill(folder)
        assert files_in(tmp_path) == ["out/theirs"]


class TestLocks:
    def test_one_holds_it_and_it_leaves_nothing(self, tmp_path):
        path = tmp_path / "deep" / "lock"
        with locked(path) as first, locked(path) as second:
            assert (first, second) == (True, False)
        with locked(path) as again:
            assert again
        assert list(path.parent.iterdir()) == []

    def test_it_ends_with_its_process_however_that_ends(self, tmp_path):
        hold = "import sys; from isthmus.storage import *; from pathlib import Path\n"
        hold += "with locked(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", hold, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            other.stdout.readline()
            with locked(tmp_path / "lock") as held:
                assert not held
            with locked(tmp_path / "lock", before_waiting=other.kill) as held:
                assert held
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check", [require_free, write_bytes])
def test_a_name_that_is_too_long_is_told_as_one(tmp_path, check):
    given = (b"content",) if check is write_bytes else ()
    with pytest.raises(StorageError, match=r"cannot write .*: File name too long"):
        check(tmp_path / ("x" * 300), *given)
