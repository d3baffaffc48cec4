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

_PICTURE_CHANNELS = (1, 3, 4)
_IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_NAME_ERRORS = frozenset({errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG})
"""What a file system says of a name that it does not take."""


class FolderWriter:
    """Writes images as files under their names, or under names like them that the system takes.

    Args:
        folder: Where to; must exist, and be empty.

    Attributes:
        count: Images written.
        renamed: The names of those that are called otherwise, each with the path that it got.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.count, self.renamed = folder, 0, list[tuple[str, str]]()
        self._folders: dict[tuple[str, ...], Path] = {(): folder}
        self._copies: dict[Path, int] = {}

    def write(self, item: NamedImage) -> None:
        """Write one."""
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
        """The folder that is called so; where a file has its name already, it gets another."""
        for depth in range(1, len(parts) + 1):
            if parts[:depth] not in self._folders:
                wanted = self._folders[parts[: depth - 1]] / parts[depth - 1]
                self._folders[parts[:depth]] = self._free(wanted) if wanted.is_file() else wanted
        return self._folders[parts]

    def _free(self, path: Path) -> Path:
        """The path, or one like it where nothing is yet."""
        free = path
        while os.path.lexists(free):
            self._copies[path] = self._copies.get(path, 1) + 1
            free = path.with_name(fitted(path.name, f"-{self._copies[path]}"))
        return free


class ArrayWriter:
    """Writes images into one array; they have the shape of the first.

    Args:
        path: The `.npy` to make.
        count: The images.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._path, self._total = path, count
        self._array: np.memmap[tuple[int, ...], np.dtype[np.uint8]] | None = None
        self.count, self.renamed = 0, list[tuple[str, str]]()

    def write(self, item: NamedImage) -> None:
        """Write one.

        Raises:
            UsageError: If it is of another shape than the first, or a file.
        """
        if item.pixels is None:
            raise UsageError(f"{item.name!r} is kept as a file: give --out a folder instead of an .npy.")
        if self._array is None:
            self._array = np.lib.format.open_memmap(self._path, "w+", np.uint8, (self._total, *item.pixels.shape))
        if item.pixels.shape != self._array.shape[1:]:
            raise UsageError(
                f"{item.name!r} is of another shape than those before: give --out a folder instead of an .npy."
            )
        self._array[self.count] = item.pixels
        self.count += 1

    def close(self) -> None:
        """Write what is left.

        Raises:
            UsageError: If no image was written.
        """
        if self._array is None:
            raise UsageError("there is no image to make an array of.")
        self._array.flush()


@contextmanager
def writer_to(out: Path, count: int) -> Iterator[FolderWriter | ArrayWriter]:
    """What writes so many images to a place that appears when all is well: a folder, or an `.npy` `(count, h, w, c)`.

    Raises:
        StorageError: If the place cannot be written to.
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
    """Whether a file system did not take a name, and would take another."""
    cause = error.__cause__ if isinstance(error, StorageError) else error
    return isinstance(cause, OSError) and cause.errno in _NAME_ERRORS


def _new_suffix(item: NamedImage) -> str:
    """The suffix of what is written of an image; empty for a file, which keeps its own."""
    if item.pixels is None:
        return ""
    # What no picture format has the channels for is kept as an array.
    return ".png" if item.pixels.shape[2] in _PICTURE_CHANNELS else ".npy"


def _called(name: str, suffix: str) -> str:
    """A name with a suffix in place of another picture's, or behind all else."""
    old = PurePosixPath(name).suffix
    return name.removesuffix(old if old.lower() in _IMAGE_SUFFIXES else "") + suffix if suffix else name
