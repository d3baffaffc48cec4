"""Images out of a file that compression made: given back, named or checked."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isthmus.codec import Archive, CodecModel, Damage, Item, model_of, open_archive
from isthmus.codec.lossy.archive import is_lossy
from isthmus.errors import ArchiveError, UsageError
from isthmus.progress import progress_bar, tell
from isthmus.runs import Run
from isthmus.storage import require_free
from isthmus.workflows.display import as_displayed
from isthmus.workflows.lossy import read_codes, read_lossy
from isthmus.workflows.plain_files import plain_pixels
from isthmus.workflows.unpacking import Wish, writer_to

DECODED_AT_ONCE = 500


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
class LossyListing:
    """What a file of rounded codes holds.

    Attributes:
        path: The file.
        model: The first bytes of its decoder's SHA-256, in hexadecimal.
        size: Bytes.
        names: Of the images.
    """

    path: Path
    model: str
    size: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """What was given back, and what could not be."""

    path: Path | None
    count: int
    damage: tuple[Damage, ...] = ()
    renamed: tuple[str, ...] = ()


def decompress(
    path: str | Path,
    out: str | Path,
    run: Run | None = None,
    *,
    only: Sequence[str] = (),
    threads: int | None = None,
) -> Restored:
    """Give images back: a file for each in a new folder, or one array in an `.npy`.

    Args:
        path: An archive, or a file of rounded codes.
        out: The folder or the `.npy` to make; must not exist.
        run: The run that it was made with, if the model is not inside.
        only: Names or numbers (from 1) of the images wanted; by default all.
        threads: Chunks of an archive decoded at once; by default one on each core.

    Returns:
        What was written, and which images are damaged; those that are not are written all the same.

    Raises:
        UsageError: If `out` exists, the model is missing, or an image that is wanted is not there.
        ArchiveError: If the file cannot be read at all, or is of another model; if an image for an array is damaged.
        StorageError: If the place cannot be written to.
    """
    path, out = Path(path), Path(out)
    require_free(out)
    wish = Wish(only)
    if is_lossy(path):
        if run is None:
            raise UsageError(f"{path} holds codes. Give the run that it was made with: --run RUN")
        return _from_codes(path, out, run, wish, len(only))
    with open_archive(path) as archive:
        model = archive.embedded() if run is None else model_of(run)
        if model is None:
            raise UsageError(
                f"{path} does not hold its model. Give the run that it was made with ({archive.run_name!r}): --run RUN"
            )
        return _from_archive(archive, out, model, wish, len(only), threads or os.cpu_count() or 1)


def list_archive(path: Path) -> Listing | LossyListing:
    """What a file holds, without decoding it.

    Raises:
        ArchiveError: If it cannot be read at all.
    """
    if is_lossy(path):
        found = read_lossy(path)
        return LossyListing(path, found.fingerprint.hex(), path.stat().st_size, found.names)
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
    """Check a file: every checksum, and where the model of an archive is at hand every pixel.

    Raises:
        ArchiveError: If it cannot be read at all, or the run is another one than it was made with.
    """
    if is_lossy(path):
        names = read_lossy(path).names if run is None else read_codes(path, run)[0]
        return Restored(None, len(names))
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


def _from_archive(archive: Archive, out: Path, model: CodecModel, wish: Wish, wanted: int, threads: int) -> Restored:
    damage = [chunk for chunk in archive.chunks() if isinstance(chunk, Damage)]
    _require_no_gaps(out, damage)
    total = sum(len(chunk[0].names) for chunk in archive.chunks() if not isinstance(chunk, Damage))
    damage = []
    shape = (wanted or total, *archive.shape)
    with writer_to(out, shape) as writer, progress_bar("decompressing", wanted or total) as bar:
        for chunk in archive.items(model, threads, wish.concerns):
            if isinstance(chunk, Damage):
                damage.append(chunk)
                continue
            directory, items = chunk
            for place, item in enumerate(items):
                if wish.takes(directory.first + place, item.name):
                    writer.write(_with_pixels(item, archive.shape) if out.suffix == ".npy" else item)
            bar.update(writer.count)
        _require_no_gaps(out, damage)
        if not damage:
            _require_found(wish, archive.path)
    return Restored(out, writer.count, tuple(damage), tuple(writer.renamed))


def _from_codes(path: Path, out: Path, run: Run, wish: Wish, wanted: int) -> Restored:
    names, codes = read_codes(path, run)
    places = np.array([place for place, name in enumerate(names) if wish.takes(place, name)], np.int64)
    _require_found(wish, path)
    shape = (len(places), *run.image.shape)
    with writer_to(out, shape) as writer, progress_bar("decoding", len(places)) as bar:
        for start in range(0, len(places), DECODED_AT_ONCE):
            part = places[start : start + DECODED_AT_ONCE]
            for place, pixels in zip(part, as_displayed(run.decode(codes[part])), strict=True):
                writer.write(Item(names[place], pixels))
            bar.update(writer.count)
    return Restored(out, writer.count, (), tuple(writer.renamed))


def _with_pixels(item: Item, shape: tuple[int, int, int]) -> Item:
    """An image as an array has it: of a file that was smaller than its pixels, these."""
    pixels = plain_pixels(item.file, shape) if item.file is not None else None
    return item if pixels is None else Item(item.name, pixels)


def _require_no_gaps(out: Path, damage: Sequence[Damage]) -> None:
    if damage and out.suffix == ".npy":
        raise ArchiveError(f"{damage[0]}; an array has no gaps: give --out a folder, for the images that are sound.")


def _require_found(wish: Wish, path: Path) -> None:
    if wish.missing:
        raise UsageError(f"there is no image {sorted(wish.missing)[0]!r} in {path}; `isthmus list` names all.")
