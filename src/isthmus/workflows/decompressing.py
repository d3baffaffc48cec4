"""Images out of an archive: given back, named or checked."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isthmus.codec import Damage, Directory, Item, model_of, open_archive, safe_path
from isthmus.errors import ArchiveError, UsageError
from isthmus.pictures.sheets import save
from isthmus.progress import progress_bar, tell
from isthmus.runs import Run
from isthmus.storage import atomic_file, new_folder, require_free

_PICTURE_CHANNELS = (1, 3, 4)
_IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True)
class Listing:
    """What an archive holds."""

    path: Path
    run_name: str
    model: str
    embedded: bool
    shape: tuple[int, int, int]
    size: int
    chunks: int
    coded: int
    names: tuple[str, ...]
    shapes: tuple[tuple[int, int, int] | None, ...]
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True)
class Restored:
    """What was given back, and what could not be."""

    path: Path | None
    count: int
    damage: tuple[Damage, ...] = ()
    renamed: tuple[str, ...] = ()


def decompress(
    path: Path, out: Path, run: Run | None = None, *, only: Sequence[str] = (), threads: int | None = None
) -> Restored:
    """Give the images of an archive back: a file for each in a new folder, or one array in an `.npy`.

    Args:
        path: The archive.
        out: The folder or the `.npy` to make; must not exist.
        run: The run that it was made with, if the model is not inside.
        only: Names or numbers (from 1) of the images wanted; by default all.
        threads: Chunks decoded at once; by default one on each core.

    Returns:
        What was written, and which images are damaged; those that are not are written all the same.

    Raises:
        UsageError: If `out` exists, the model is missing, or an image that is wanted is not there.
        ArchiveError: If the archive cannot be read at all, or is of another model.
        StorageError: If the place cannot be written to.
    """
    require_free(out)
    with open_archive(path) as archive:
        model = archive.embedded() if run is None else model_of(run)
        if model is None:
            raise UsageError(
                f"{path} does not hold its model. Give the run that it was made with ({archive.run_name!r}): --run RUN"
            )
        wish = _Wish(only)
        total = sum(len(chunk[0].names) for chunk in archive.chunks() if not isinstance(chunk, Damage))
        damage: list[Damage] = []
        with ExitStack() as stack:
            bar = stack.enter_context(progress_bar("decompressing", total if not only else None))
            writer: _Folder | _Array
            if out.suffix == ".npy":
                count = len(only) if only else total
                temporary = stack.enter_context(atomic_file(out))
                writer = _Array(temporary, (count, *archive.shape))
            else:
                writer = _Folder(stack.enter_context(new_folder(out)))
            for chunk in archive.items(model, threads or os.cpu_count() or 1, wish.concerns):
                if isinstance(chunk, Damage):
                    damage.append(chunk)
                    continue
                directory, items = chunk
                for place, item in enumerate(items):
                    if wish.takes(directory.first + place, item.name):
                        writer.write(item)
                bar.update(writer.count)
            if wish.missing and not damage:
                raise UsageError(f"there is no image {sorted(wish.missing)[0]!r} in {path}; `isthmus list` names all.")
            writer.close()
    return Restored(out, writer.count, tuple(damage), tuple(writer.renamed))


def list_archive(path: Path) -> Listing:
    """What an archive holds, without decoding it.

    Raises:
        ArchiveError: If it cannot be read at all.
    """
    with open_archive(path) as archive:
        names: list[str] = []
        shapes: list[tuple[int, int, int] | None] = []
        damage: list[Damage] = []
        chunks = coded = 0
        for chunk in archive.chunks():
            if isinstance(chunk, Damage):
                damage.append(chunk)
                continue
            directory = chunk[0]
            chunks += 1
            coded += directory.coded
            names += directory.names
            shapes += directory.shapes(archive.shape)
        embedded = archive.embedded() is not None
        return Listing(
            path,
            archive.run_name,
            archive.digest,
            embedded,
            archive.shape,
            archive.size,
            chunks,
            coded,
            tuple(names),
            tuple(shapes),
            tuple(damage),
        )


def verify(path: Path, run: Run | None = None, threads: int | None = None) -> Restored:
    """Check an archive: every checksum, and where the model is at hand every pixel.

    Raises:
        ArchiveError: If it cannot be read at all, or the run is another one than it was made with.
    """
    with open_archive(path) as archive:
        model = archive.embedded() if run is None else model_of(run)
        damage: list[Damage] = []
        count = 0
        chunks = archive.chunks() if model is None else archive.items(model, threads or os.cpu_count() or 1)
        with progress_bar("verifying", None) as bar:
            for chunk in chunks:
                if isinstance(chunk, Damage):
                    damage.append(chunk)
                    continue
                count += len(chunk[0].names)
                bar.update(count)
        if model is None:
            tell(f"{path} does not hold its model, so its pixels were not decoded; give the run to check them too.")
    return Restored(None, count, tuple(damage))


class _Wish:
    """Which images are wanted, by name or by number from 1."""

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


class _Folder:
    """Writes images as files under their names."""

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

    def close(self) -> None:
        """Nothing is left to do."""


class _Array:
    """Writes images into one array."""

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
        """Write what is left; an array with gaps is none.

        Raises:
            ArchiveError: If images are missing.
        """
        self._array.flush()
        if self.count != len(self._array):
            raise ArchiveError("some images are damaged, and an array has no gaps: give --out a folder instead.")
