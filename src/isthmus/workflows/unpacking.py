"""Where images go that come out of a file: a folder, or one array; and which of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from isthmus.codec import Directory, Item, safe_path
from isthmus.errors import UsageError
from isthmus.pictures.sheets import save
from isthmus.storage import atomic_file, new_folder

_PICTURE_CHANNELS = (1, 3, 4)
_IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


class Wish:
    """Which images are wanted, by name or by number from 1.

    Args:
        only: The names and numbers; none for all.
    """

    def __init__(self, only: Sequence[str]) -> None:
        self._all = not only
        self.missing = set(only)

    def concerns(self, directory: Directory) -> bool:
        """Whether any image of a chunk is wanted."""
        if self._all:
            return True
        numbers = {str(directory.first + place + 1) for place in range(len(directory.names))}
        return bool(self.missing & (numbers | set(directory.names)))

    def takes(self, number: int, name: str) -> bool:
        """Whether an image is wanted; each is asked about once."""
        if self._all:
            return True
        found = self.missing & {name, str(number + 1)}
        self.missing -= found
        return bool(found)


class FolderWriter:
    """Writes images as files under their names.

    Args:
        folder: Where to; must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.count, self.renamed = folder, 0, list[str]()

    def write(self, item: Item) -> None:
        """Write one."""
        path = self._folder / safe_path(item.name)
        if item.pixels is not None:
            # What no picture format has the channels for is kept as an array.
            suffix = ".png" if item.pixels.shape[2] in _PICTURE_CHANNELS else ".npy"
            path = path.with_suffix(suffix) if path.suffix.lower() in _IMAGE_SUFFIXES else Path(f"{path}{suffix}")
        free, n = path, 1
        while free.exists():
            n += 1
            free = path.with_name(f"{path.stem}-{n}{path.suffix}")
        if free != path:
            self.renamed.append(free.name)
        free.parent.mkdir(parents=True, exist_ok=True)
        if item.pixels is None:
            free.write_bytes(item.file or b"")
        elif free.suffix == ".npy":
            np.save(free, item.pixels)
        else:
            save(item.pixels, free)
        self.count += 1


class ArrayWriter:
    """Writes images into one array.

    Args:
        path: The `.npy` to make.
        shape: Of the array: the number of images, height, width, channels.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        self.count, self.renamed = 0, list[str]()

    def write(self, item: Item) -> None:
        """Write one."""
        if item.pixels is None or item.pixels.shape != self._array.shape[1:]:
            raise UsageError(
                f"{item.name!r} is of another shape than the rest: give --out a folder instead of an .npy."
            )
        self._array[self.count] = item.pixels
        self.count += 1

    def close(self) -> None:
        """Write what is left."""
        self._array.flush()


@contextmanager
def writer_to(out: Path, shape: tuple[int, ...]) -> Iterator[FolderWriter | ArrayWriter]:
    """What writes images to a place that appears when all is well: a folder, or an `.npy` of a shape `(n, h, w, c)`.

    Raises:
        StorageError: If the place cannot be written to.
    """
    if out.suffix == ".npy":
        with atomic_file(out) as temporary:
            writer = ArrayWriter(temporary, shape)
            yield writer
            writer.close()
    else:
        with new_folder(out) as folder:
            yield FolderWriter(folder)
