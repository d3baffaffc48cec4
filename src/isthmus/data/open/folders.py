"""Image files of a folder, of a pattern, or one alone."""

import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from isthmus.data.decode.entries import Collection, Entry, holds_image, read_file
from isthmus.data.sets import Skipped
from isthmus.errors import DataError

_MAGIC = frozenset("*?[")


class Folder(Collection):
    """The image files below a folder, in the order of their paths.

    Hidden files and folders, and files that are not named as images, are left alone; one without an ending counts as
    an image where it begins as one.  A link to a folder is followed, but no folder is read twice, so that links in a
    circle end.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name, self.kind = path, path.resolve().name, "folder"

    def folders(self) -> set[Path]:
        """This one."""
        return {self.path}

    def signature(self) -> str:
        """SHA-256 over every file's path, size and time of change."""
        digest = hashlib.sha256(f"folder\0{self.path.resolve()}\0".encode("utf-8", "surrogatepass"))
        for path, status in self._files():
            size, changed = (0, 0) if isinstance(status, Skipped) else (status.st_size, status.st_mtime_ns)
            digest.update(f"{path}\0{size}\0{changed}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def entries(self) -> Iterator[Entry | Skipped]:
        """The image files, by their path from the folder."""
        for path, status in self._files():
            yield (
                status if isinstance(status, Skipped) else Entry(readable(path), partial(read_file, self.path / path))
            )

    def _files(self) -> list[tuple[str, os.stat_result | Skipped]]:
        """Relative paths with what the system says of the file, or why it is none."""
        self.other_files = 0
        repeated = []
        found: list[tuple[str, os.stat_result | Skipped]] = []
        for inner, names in _folders_below(self.path, set()):
            if names is None:
                repeated.append(readable(inner))
                continue
            if isinstance(names, Skipped):
                found.append((inner, names))
                continue
            for name in names:
                path = f"{inner}/{name}" if inner else name
                status = _status(self.path / path)
                if status is None:
                    self.other_files += 1
                else:
                    found.append((path, Skipped(readable(path), status) if isinstance(status, str) else status))
        self.repeated = tuple(sorted(repeated))
        return sorted(found, key=lambda item: item[0].split("/"))


def _status(path: Path) -> os.stat_result | str | None:
    """What the system says of an image file, or why it is none; None for what is not meant as one."""
    if path.suffix and not holds_image(path):
        return None
    try:
        status = path.stat()
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}" if path.suffix else None
    if not stat.S_ISREG(status.st_mode):
        return "it is no file, but a device or a pipe" if path.suffix else None
    return status if path.suffix or holds_image(path) else None


def _folders_below(top: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[str, list[str] | Skipped | None]]:
    """A folder and those below it by their paths from there, each with the names of its files.

    Hidden names are left out.  Links to folders are followed, but no folder is read twice: instead of names there is
    None for one that is read already, and the reason for one that cannot be read.

    Args:
        top: The folder.
        seen: The folders that were read already, by device and number; those that are read now join them.
    """
    waiting, links = [""], list[str]()  # what is linked to counts where it lies, if that is below too
    while waiting or links:
        inner = (waiting or links).pop()
        here = top / inner
        try:
            status = here.stat()
            with os.scandir(here) as scan:
                inside = sorted((item for item in scan if not item.name.startswith(".")), key=lambda item: item.name)
        except OSError as error:
            denied = isinstance(error, PermissionError)
            fault = "may not be read: no permission" if denied else f"cannot be read: {error.strerror or error}"
            yield inner, Skipped(readable(inner), f"the folder {fault}")
            continue
        if (status.st_dev, status.st_ino) in seen:
            yield inner, None
            continue
        seen.add((status.st_dev, status.st_ino))
        files = []
        for item in reversed(inside):
            if not _is_folder(item):
                files.append(item.name)
            else:
                (links if item.is_symlink() else waiting).append(f"{inner}/{item.name}" if inner else item.name)
        yield inner, files


def _is_folder(item: "os.DirEntry[str]") -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


class Pattern(Collection):
    """The image files that a pattern such as `photos/**/*.jpg` matches, in the order of their paths.

    Args:
        pattern: As the shell has them; `**` stands for folders of any depth, none of which it enters twice.
    """

    def __init__(self, pattern: str) -> None:
        self.kind = "pattern"
        self.pattern = os.path.expanduser(pattern)  # noqa: PTH111  # a name that is nobody's home stays as it is
        fixed = []
        for part in Path(self.pattern).parts[:-1]:
            if _MAGIC & set(part):
                break
            fixed.append(part)
        self.root = Path(*fixed)
        parts = Path(self.pattern).parts[len(fixed) :]
        self._parts = (*parts, "*") if parts[-1] == "**" else parts
        self.name = self.root.resolve().name or "images"

    def folders(self) -> set[Path]:
        """Those that its files lie in; where `**` stands for any depth, those that it begins in."""
        parts = Path(self.pattern).parts
        depth = parts.index("**") if "**" in parts else len(parts) - 1
        return {Path(*path.parts[:depth]) for path in self._files()}

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
        found = [self.root]
        for part in self._parts:
            if part == "**":
                seen: set[tuple[int, int]] = set()
                found = [
                    place / inner
                    for place in found
                    for inner, names in _folders_below(place, seen)
                    if isinstance(names, list)
                ]
            else:
                found = [place / name for place in found for name in glob.glob(part, root_dir=place)]  # noqa: PTH207  # Path.glob takes hidden names too
        files = sorted(path for path in found if path.is_file())
        # A pattern as broad as `photos/**` means the images there; one that names no image file means what it says.
        return [path for path in files if holds_image(path)] or files


class SingleFile(Collection):
    """One image file, as a collection of one, which is never packed.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name, self.kind = path, path.stem, "image file"

    def entries(self) -> Iterator[Entry | Skipped]:
        """The one."""
        yield Entry(readable(self.path.name), partial(read_file, self.path))


def is_pattern(text: str) -> bool:
    """Whether a path has something of a pattern in it."""
    return bool(_MAGIC & set(text))


def readable(name: str) -> str:
    """A file's name as text that every output takes: bytes that are no UTF-8 become question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
