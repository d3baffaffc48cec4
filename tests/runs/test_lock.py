import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from isthmus.errors import RunError, StorageError, UsageError
from isthmus.runs import lock
from isthmus.runs.lock import LOCK, locked_run, new_run
from isthmus.storage import locked

THREADS = 8


def start_together(act):
    """Call a function in several threads at once; its results, or the errors that it raised."""
    barrier = Barrier(THREADS)

    def start(_):
        barrier.wait(timeout=30)
        try:
            return act(barrier)
        except (UsageError, RunError) as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(start, range(THREADS)))


class TestNewRun:
    def test_one_of_many_gets_a_named_folder(self, tmp_path):
        def make(barrier):
            try:
                with new_run(tmp_path / "run") as path:
                    (path / "file").write_bytes(b"x")
                    barrier.wait(timeout=30)
                    return path
            except UsageError:
                barrier.wait(timeout=30)
                raise

        results = start_together(make)
        refused = [str(result) for result in results if isinstance(result, UsageError)]
        assert [result for result in results if isinstance(result, Path)] == [tmp_path / "run"]
        assert (
            refused
            == [f"another process is training in {tmp_path}/run: choose another --out, or wait until it ends."] * 7
        )

    def test_a_folder_that_another_took_meanwhile_is_held(self, tmp_path, monkeypatch):
        require_free = lock._require_free
        with ExitStack() as other:

            def take_first(path):
                if not (path / LOCK).exists():
                    other.enter_context(locked(path / LOCK))
                    (path / "file").write_bytes(b"x")
                require_free(path)

            monkeypatch.setattr(lock, "_require_free", take_first)
            with pytest.raises(UsageError, match="another process is training"), new_run(tmp_path):
                pass

    def test_numbered_folders_are_all_different(self, tmp_path):
        def make(barrier):
            with new_run(tmp_path / "deep" / "run", numbered=True) as path:
                barrier.wait(timeout=30)
                (path / "file").write_bytes(b"x")
                return path.name

        assert sorted(start_together(make)) == ["run", *(f"run-{number}" for number in range(2, THREADS + 1))]

    @pytest.mark.parametrize("numbered", [False, True])
    def test_is_removed_if_it_stays_empty(self, tmp_path, numbered):
        def fail():
            with new_run(tmp_path / "deep" / "run", numbered=numbered):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert list(tmp_path.iterdir()) == []

    def test_an_empty_folder_is_free_and_stays(self, tmp_path):
        with new_run(tmp_path):
            pass
        assert tmp_path.is_dir()

    @pytest.mark.parametrize("taken", ["folder", "file"])
    def test_what_exists_is_not_touched(self, tmp_path, files_in, taken):
        (tmp_path / "folder").mkdir()
        for name in ("file", "folder/file"):
            (tmp_path / name).write_bytes(b"x")
        with pytest.raises(UsageError, match="exists already; choose another --out"), new_run(tmp_path / taken):
            pytest.fail("it was taken")
        assert files_in(tmp_path) == ["file", "folder/file"]

    def test_a_killed_process_leaves_the_folder_free_or_to_resume(self, tmp_path):
        hold = "import sys; from isthmus.runs.lock import new_run; from pathlib import Path\n"
        hold += "with new_run(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
        run = tmp_path / "run"
        with subprocess.Popen(
            [sys.executable, "-c", hold, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            other.stdout.readline()
            with pytest.raises(UsageError, match="another process is training"), new_run(run):
                pytest.fail("it was held")
            other.kill()
        assert [path.name for path in run.iterdir()] == [LOCK]
        with new_run(run) as path:
            (path / "file").write_bytes(b"x")
        with pytest.raises(UsageError, match="exists already"), new_run(run):
            pytest.fail("it was taken")


class TestLockedRun:
    def test_one_at_a_time(self, copied_run):
        with locked_run(copied_run) as manifest:
            assert manifest.state == "complete"
            with (
                pytest.raises(RunError, match=f"another process is training or evaluating {copied_run}"),
                ExitStack() as other,
            ):
                other.enter_context(locked_run(copied_run))
        with locked_run(copied_run):
            pass
        assert not (copied_run / LOCK).exists()

    def test_a_run_being_trained_is_held(self, tmp_path, copied_run):
        with new_run(tmp_path / "new") as path:
            (path / "manifest.json").write_bytes((copied_run / "manifest.json").read_bytes())
            with pytest.raises(RunError, match="another process"), locked_run(path):
                pytest.fail("it was held")

    def test_no_run(self, tmp_path):
        with pytest.raises(RunError, match="holds no run"), locked_run(tmp_path):
            pytest.fail("there was none")
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_cannot_be_written_to_needs_none(self, copied_run, monkeypatch):
        def refuse(*arguments):
            raise StorageError("read-only")

        monkeypatch.setattr("isthmus.runs.lock.locked", refuse)
        with locked_run(copied_run) as manifest:
            assert manifest.state == "complete"
