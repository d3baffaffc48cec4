"""Writing the images of an archive: files in a folder, or one array."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np

from isthmus.codec.archive.image import NamedImage
from isthmus.codec.files.paths import fitted, safe_path
from isthmus.errors import StorageError, UsageError
from isthmus.plots.sheets import save
from isthmus.storage import atomic_file, new_folder

_IMAGE_CHANNELS = (1, 3, 4)
_IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_NAME_ERRORS = frozenset({errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG})
"""Errors of a file system that rejects a name."""


class FolderWriter:
    """Writes images as files under their names, or under similar names that are valid.

    Args:
        folder: An empty folder.

    Attributes:
        count: Images written.
        renamed: Names of images whose files have other names, each with the path of its file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.count, self.renamed = folder, 0, list[tuple[str, str]]()
        self._folders: dict[tuple[str, ...], Path] = {(): folder}
        self._copies: dict[Path, int] = {}

    def write(self, item: NamedImage) -> None:
        """Write an image."""
        suffix = _new_suffix(item)
        path = safe_path(item.name)
        try:
            written = self._write(item, path.with_name(fitted(_called(path.name, suffix))))
        except (OSError, StorageError) as error:
            if not _is_of_name(error):
                raise
            written = self._write(item, PurePosixPath(f"image-{self.count + 1}{suffix}"))
        became = written.relative_to(self._folder).as_posix()
        if became != _called(item.name, suffix):
            self.renamed.append((item.name, became))
        self.count += 1

    def _write(self, item: NamedImage, path: PurePosixPath) -> Path:
        folder = self._folder_for(path.parts[:-1])
        free = self._free(folder / path.name)
        folder.mkdir(parents=True, exist_ok=True)
        if item.pixels is None:
            free.write_bytes(item.file or b"")
        elif free.suffix == ".npy":
            np.save(free, item.pixels)
        else:
            save(item.pixels, free)
        return free

    def _folder_for(self, parts: tuple[str, ...]) -> Path:
        """The folder of this path; if a file has its name, a folder of a similar name."""
        for depth in range(1, len(parts) + 1):
            if parts[:depth] not in self._folders:
                wanted = self._folders[parts[: depth - 1]] / parts[depth - 1]
                self._folders[parts[:depth]] = self._free(wanted) if wanted.is_file() else wanted
        return self._folders[parts]

    def _free(self, path: Path) -> Path:
        """The path if nothing exists there, or a similar one."""
        free = path
        while os.path.lexists(free):
            self._copies[path] = self._copies.get(path, 1) + 1
            free = path.with_name(fitted(path.name, f"-{self._copies[path]}"))
        return free


class ArrayWriter:
    """Writes images of one shape into one array.

    Args:
        path: The `.npy` to write.
        count: The number of images.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._path, self._total = path, count
        self._array: np.memmap[tuple[int, ...], np.dtype[np.uint8]] | None = None
        self.count, self.renamed = 0, list[tuple[str, str]]()

    def write(self, item: NamedImage) -> None:
        """Write an image.

        Raises:
            UsageError: If its shape differs from the first, or it is a file.
        """
        if item.pixels is None:
            raise UsageError(f"{item.name!r} is stored as a file: give --out a folder instead of an .npy.")
        if self._array is None:
            self._array = np.lib.format.open_memmap(self._path, "w+", np.uint8, (self._total, *item.pixels.shape))
        if item.pixels.shape != self._array.shape[1:]:
            raise UsageError(
                f"{item.name!r} has another shape than the first image: give --out a folder instead of an .npy."
            )
        self._array[self.count] = item.pixels
        self.count += 1

    def close(self) -> None:
        """Finish the array.

        Raises:
            UsageError: If no image was written.
        """
        if self._array is None:
            raise UsageError("there is no image to write into an array.")
        self._array.flush()


@contextmanager
def writer_to(out: Path, count: int) -> Iterator[FolderWriter | ArrayWriter]:
    """A writer of images to a new folder, or to an `.npy` `(count, h, w, c)`; either appears once it is complete.

    Raises:
        StorageError: If `out` cannot be written.
    """
    if out.suffix == ".npy":
        with atomic_file(out) as temporary:
            writer = ArrayWriter(temporary, count)
            yield writer
            writer.close()
    else:
        with new_folder(out) as folder:
            yield FolderWriter(folder)


def _is_of_name(error: OSError | StorageError) -> bool:
    """Whether a file system rejected a name, and would accept another."""
    cause = error.__cause__ if isinstance(error, StorageError) else error
    return isinstance(cause, OSError) and cause.errno in _NAME_ERRORS


def _new_suffix(item: NamedImage) -> str:
    """The suffix of the written image; empty for a file, which keeps its own."""
    if item.pixels is None:
        return ""
    # PNG has no format for other numbers of channels.
    return ".png" if item.pixels.shape[2] in _IMAGE_CHANNELS else ".npy"


def _called(name: str, suffix: str) -> str:
    """A name with a suffix in place of that of another image format, or appended."""
    old = PurePosixPath(name).suffix
    return name.removesuffix(old if old.lower() in _IMAGE_SUFFIXES else "") + suffix if suffix else name
