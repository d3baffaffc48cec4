"""Writing so that nothing is ever half there.

A file is written beside its final place and moved over it in one step; what goes wrong on the way is said in words.
Processes that would write the same thing at once take turns by a lock.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from isthmus.errors import StorageError, UsageError


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors while writing to `path` into messages that say what to do.

    Raises:
        StorageError: If the place is full, read-only, forbidden or not a folder.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = "the disk is full. Free some space, or write elsewhere"
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            reason = "the place is read-only for you. Write elsewhere, or change its permissions"
        elif error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            reason = "a file stands where a folder should be, or the other way round. Choose another place"
        elif error.errno == errno.ENOTEMPTY:
            reason = "something else was written there meanwhile. Choose another place"
        else:
            reason = error.strerror or str(error)
        raise StorageError(f"cannot write {path}: {reason}.") from error


@contextmanager
def atomic_file(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a path to write to; what stands there at the end is moved to `path`, and nothing if the block fails.

    Missing folders are made.  The temporary file keeps the final one's suffix: many writers choose a format by it.

    Args:
        path: The final place; a file that is there is replaced.
        durable: Whether to wait until the disk has it, so that even a power cut leaves the old file or the new.

    Raises:
        StorageError: If the place cannot be written to.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=f".part{path.suffix}", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            if durable:
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
            # mkstemp makes files that only their owner reads.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file atomically and durably.

    Raises:
        StorageError: If the place cannot be written to.
    """
    with atomic_file(path, durable=True) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a whole file atomically, as UTF-8.

    Raises:
        StorageError: If the place cannot be written to.
    """
    write_bytes(path, content.encode())


def require_free(path: Path) -> None:
    """Check that an output does not exist yet; an empty folder is as good as none.

    Raises:
        UsageError: If it does.
        StorageError: If the path cannot be looked at, such as one that is too long.
    """
    with storage_errors(path):
        taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if taken:
        raise UsageError(f"{path} exists already; choose another --out, or move it away.")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill; it becomes `path` at the end, and nothing is left if the block fails.

    Raises:
        UsageError: If `path` exists and is not an empty folder.
        StorageError: If the place cannot be written to.
    """
    require_free(path)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-", suffix=".part", dir=path.parent))
        temporary.chmod(0o755)
        try:
            yield temporary
            if path.is_dir():
                path.rmdir()
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def locked(path: Path, before_waiting: Callable[[], object] | None = None) -> Iterator[bool]:
    """Hold a lock, and give whether it is held; however this process ends, the lock ends with it.

    The lock is a file, which is there while somebody holds it.  Where the file system knows no locks, all hold it.

    Args:
        path: The file.
        before_waiting: What to do where another holds it, before it is waited for; None does not wait.

    Raises:
        StorageError: If the place cannot be written to.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _held(path, before_waiting)
    if file is None:
        yield False
        return
    with file:
        try:
            yield True
        finally:
            with suppress(OSError):  # Windows keeps a file that is open: the next one takes it as it is
                path.unlink()


def _held(path: Path, before_waiting: Callable[[], object] | None) -> IO[bytes] | None:
    """The open file of a lock, once it is held; None where another holds it."""
    while True:
        with ExitStack() as opened:
            file = opened.enter_context(path.open("ab"))
            if not _lock(file, wait=False):
                if before_waiting is None:
                    return None
                before_waiting()
                _lock(file, wait=True)
            # Whoever held it has taken the file away at the end, and others may hold a new one by now.
            with suppress(FileNotFoundError):
                if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    opened.pop_all()
                    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], wait: bool) -> bool:
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                return True
            except OSError:  # held; Windows waits for ten seconds at most
                if not wait:
                    return False

else:
    import fcntl

    def _lock(file: IO[bytes], wait: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks
        return True
