"""Image files of a folder, of a pattern, or one alone."""

import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from isthmus.data.decoding import SUFFIXES
from isthmus.data.entries import Entry, read_file
from isthmus.data.sets import Skipped
from isthmus.errors import DataError

_MAGIC = frozenset("*?[")


class Folder:
    """The image files below a folder, in the order of their paths.

    Hidden files and folders, and files that are not named as images, are left alone.  A link to a folder is followed,
    but no folder is read twice, so that links in a circle end.

    Args:
        path: The folder.
    """

    is_archive = False
    class_names = ()

    def __init__(self, path: Path) -> None:
        self.path, self.name, self.kind = path, path.resolve().name, "folder"
        self.other_files = 0

    def signature(self) -> str:
        """SHA-256 over every file's path, size and time of change."""
        digest = hashlib.sha256(f"folder\0{self.path.resolve()}\0".encode("utf-8", "surrogatepass"))
        for path, status in self._files():
            size, changed = (0, 0) if isinstance(status, str) else (status.st_size, status.st_mtime_ns)
            digest.update(f"{path}\0{size}\0{changed}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def entries(self) -> Iterator[Entry | Skipped]:
        """The image files, by their path from the folder."""
        for path, status in self._files():
            name = readable(path)
            yield (
                Skipped(name, status) if isinstance(status, str) else Entry(name, partial(read_file, self.path / path))
            )

    def _files(self) -> Iterator[tuple[str, os.stat_result | str]]:
        """Relative paths with what the system says of the file, or why it is none."""
        self.other_files = 0
        found = sorted(self._walk("", set()), key=lambda item: item[0].split("/"))
        yield from found

    def _walk(self, inner: str, seen: set[tuple[int, int]]) -> Iterator[tuple[str, os.stat_result | str]]:
        here = self.path / inner
        try:
            status = here.stat()
            names = sorted(path.name for path in here.iterdir())
        except PermissionError:
            yield inner, "the folder may not be read: no permission"
            return
        except OSError as error:
            yield inner, f"the folder cannot be read: {error.strerror or error}"
            return
        if (status.st_dev, status.st_ino) in seen:
            yield inner, "a link to a folder that is read already"
            return
        seen.add((status.st_dev, status.st_ino))
        for name in names:
            if name.startswith("."):
                continue
            path = f"{inner}/{name}" if inner else name
            is_image = Path(name).suffix.lower() in SUFFIXES
            try:
                status = (self.path / path).stat()
            except OSError as error:
                if is_image:
                    yield path, f"it cannot be read: {error.strerror or error}"
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._walk(path, seen)
            elif not is_image:
                self.other_files += 1
            elif stat.S_ISREG(status.st_mode):
                yield path, status
            else:
                yield path, "it is no file, but a device or a pipe"


class Pattern:
    """The image files that a pattern such as `photos/**/*.jpg` matches, in the order of their paths.

    Args:
        pattern: As the shell has them; `**` stands for folders of any depth.
    """

    is_archive = False
    class_names = ()
    other_files = 0

    def __init__(self, pattern: str) -> None:
        self.kind = "pattern"
        self.pattern = os.path.expanduser(pattern)  # noqa: PTH111  # a name that is nobody's home stays as it is
        fixed = []
        for part in Path(self.pattern).parts[:-1]:
            if _MAGIC & set(part):
                break
            fixed.append(part)
        self.root = Path(*fixed)
        self.name = self.root.resolve().name or "images"

    def signature(self) -> str:
        """SHA-256 over every file's path, size and time of change."""
        digest = hashlib.sha256(f"pattern\0{self.pattern}\0{Path.cwd()}\0".encode("utf-8", "surrogatepass"))
        for path in self._files():
            status = path.stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def entries(self) -> Iterator[Entry | Skipped]:
        """The files, by their path from the part of the pattern that is plain."""
        files = self._files()
        if not files:
            raise DataError(f"no file matches the pattern {self.pattern!r}. Try it with ls, and put it in quotes")
        for path in files:
            yield Entry(readable(os.path.relpath(path, self.root).replace(os.sep, "/")), partial(read_file, path))

    def _files(self) -> list[Path]:
        files = sorted(path for path in map(Path, glob.glob(self.pattern, recursive=True)) if path.is_file())  # noqa: PTH207  # absolute ones too
        # A pattern as broad as `photos/**` means the images there; one that names no image file means what it says.
        return [path for path in files if path.suffix.lower() in SUFFIXES] or files


class SingleFile:
    """One image file, as a collection of one.

    Args:
        path: The file.
    """

    is_archive = False
    class_names = ()
    other_files = 0

    def __init__(self, path: Path) -> None:
        self.path, self.name, self.kind = path, path.stem, "image file"

    def signature(self) -> None:
        """One image is never packed."""

    def entries(self) -> Iterator[Entry | Skipped]:
        """The one."""
        yield Entry(readable(self.path.name), partial(read_file, self.path))


def is_pattern(text: str) -> bool:
    """Whether a path has something of a pattern in it."""
    return bool(_MAGIC & set(text))


def readable(name: str) -> str:
    """A file's name as text that every output takes: bytes that are no UTF-8 become question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
