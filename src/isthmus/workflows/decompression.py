"""Images out of a file that compression made: given back, named or checked."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isthmus.codec import Archive, Chunk, CodecModel, Damage, Directory, NamedImage, model_of
from isthmus.codec.files.plain import plain_pixels
from isthmus.codec.files.writers import Selection, writer_to
from isthmus.codec.lossy.archive import is_lossy
from isthmus.errors import ArchiveError, UsageError
from isthmus.plots.display import as_displayed
from isthmus.progress import progress_bar
from isthmus.runs import Run
from isthmus.storage import require_free
from isthmus.workflows.lossy import read_codes, read_lossy

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
class Decompressed:
    """What was written, and what could not be.

    Attributes:
        path: Where it is.
        count: The images.
        damage: What could not be written.
        renamed: The names of images whose files are called otherwise, each with the path that it got.
    """

    path: Path
    count: int
    damage: tuple[Damage, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Verified:
    """What checking a file found.

    Attributes:
        count: The images without damage.
        decoded: Whether they were decoded and compared; without the model only checksums of the file are checked.
        damage: What is damaged.
    """

    count: int
    decoded: bool
    damage: tuple[Damage, ...] = ()


def decompress(
    path: str | Path,
    out: str | Path,
    run: Run | None = None,
    *,
    only: Sequence[str] = (),
    threads: int | None = None,
) -> Decompressed:
    """Give images back: a file for each in a new folder, or one array in an `.npy`.

    Args:
        path: An archive, or a file of rounded codes.
        out: The folder or the `.npy` to make; must not exist.
        run: The run that it was made with, if the model is not inside or damaged.
        only: Names or numbers (from 1) of the images wanted; by default all.  A name that is there goes before a
            number, and stands for all images that are called so.
        threads: Chunks of an archive decoded at once; by default one on each core.

    Returns:
        What was written, and which images are damaged; those that are not are written all the same.

    Raises:
        UsageError: If `out` exists, the model is missing, an image that is wanted is not there, or images for an array
            are of several shapes.
        ArchiveError: If the file cannot be read at all, or is of another model; if an image for an array is damaged.
        StorageError: If the place cannot be written to.
    """
    path, out = Path(path), Path(out)
    require_free(out)
    if is_lossy(path):
        if run is None:
            raise UsageError(f"{path} holds rounded codes. Give the run that it was made with: --run RUN")
        return _from_codes(path, out, run, only)
    with Archive(path) as archive:
        model = _model_of(archive, run)
        if model is None and archive.needs_model:
            raise UsageError(
                f"{path} does not hold its model. Give the run that it was made with ({archive.run_name!r}): --run RUN"
            )
        return _from_archive(archive, out, model, only, threads or os.cpu_count() or 1)


def list_archive(path: Path) -> Listing | LossyListing:
    """What a file holds, without decoding it: of an archive nothing but the chunks' directories is read.

    Raises:
        ArchiveError: If it cannot be read at all.
    """
    if is_lossy(path):
        found = read_lossy(path)
        return LossyListing(path, found.fingerprint.hex(), path.stat().st_size, found.names)
    with Archive(path) as archive:
        names: list[str] = []
        shapes: list[tuple[int, int, int] | None] = []
        damage: list[Damage] = []
        chunks = coded = 0
        for chunk in archive.chunks():
            if isinstance(chunk, Damage):
                damage.append(chunk)
                continue
            chunks += 1
            coded += chunk.directory.coded
            names += chunk.directory.names
            shapes += chunk.directory.shapes(archive.shape)
        return Listing(
            path,
            archive.run_name,
            archive.digest,
            archive.holds_model,
            archive.shape,
            archive.size,
            chunks,
            coded,
            tuple(names),
            tuple(shapes),
            tuple(damage),
        )


def verify(path: Path, run: Run | None = None, threads: int | None = None) -> Verified:
    """Check a file: every checksum, and where the model of an archive is at hand every pixel.

    Args:
        path: An archive, or a file of rounded codes.
        run: The run that it was made with, if the model is not inside or damaged.
        threads: Chunks of an archive decoded at once; by default one on each core.

    Raises:
        ArchiveError: If it cannot be read at all, or the run is another one than it was made with.
    """
    if is_lossy(path):
        names = read_lossy(path).names if run is None else read_codes(path, run)[0]
        return Verified(len(names), decoded=run is not None)
    with Archive(path) as archive:
        damage = list(archive.faults())
        model = None
        try:
            model = archive.embedded()
        except ArchiveError as error:
            damage.append(Damage("the model inside", str(error), 0))
        if model is None and run is not None:
            model = model_of(run)
        decoded = model is not None or not archive.needs_model
        count = 0
        with progress_bar("verifying", archive.count) as bar:
            for directory in _sound(archive, model, decoded, threads or os.cpu_count() or 1):
                if isinstance(directory, Damage):
                    damage.append(directory)
                    continue
                count += len(directory.names)
                bar.update(count)
    return Verified(count, decoded, tuple(damage))


def _model_of(archive: Archive, run: Run | None) -> CodecModel | None:
    """The model inside, which stays the same when the run is trained further; else the run's."""
    try:
        inside = archive.embedded()
    except ArchiveError:
        if run is None:
            raise
        inside = None
    return model_of(run) if inside is None and run is not None else inside


def _sound(archive: Archive, model: CodecModel | None, decode: bool, threads: int) -> Iterator[Directory | Damage]:
    """The directory of each chunk once it is checked, by its checksum and maybe by decoding it; else its damage."""
    if decode:
        items = archive.items(model, archive.chunks(), threads)
        yield from (part if isinstance(part, Damage) else part[0] for part in items)
    else:
        contents = archive.contents(archive.chunks())
        yield from (part if isinstance(part, Damage) else part[0].directory for part in contents)


def _from_archive(
    archive: Archive, out: Path, model: CodecModel | None, only: Sequence[str], threads: int
) -> Decompressed:
    chunks: Iterable[Chunk | Damage] = archive.chunks()
    count, places = archive.count, None
    if only:
        chunks, places = _wanted(archive, only)
        count = len(places)
    damage: list[Damage] = []
    # Nobody knows how many there are where the index is damaged; then there is no array to be made.
    with writer_to(out, count or 0) as writer, progress_bar("decompressing", count) as bar:
        for part in archive.items(model, chunks, threads):
            if isinstance(part, Damage):
                damage.append(part)
                if out.suffix == ".npy":
                    raise ArchiveError(
                        f"{part}; an array has no gaps. Give --out a folder to get the images that are sound."
                    )
                continue
            directory, items = part
            for place, item in enumerate(items, directory.first):
                if places is None or place in places:
                    writer.write(_with_pixels(item, archive.shape) if out.suffix == ".npy" else item)
            bar.update(writer.count)
    return Decompressed(out, writer.count, tuple(damage), tuple(writer.renamed))


def _wanted(archive: Archive, only: Sequence[str]) -> tuple[list[Chunk | Damage], frozenset[int]]:
    """The chunks that hold images of these names or numbers, and the images' numbers from 0.

    Damage is among the chunks only where it may have hidden an image that was not found.

    Raises:
        UsageError: If an image is not there.
    """
    selection = Selection(only)
    chunks: list[Chunk] = []
    damage: list[Chunk | Damage] = []
    for chunk in archive.chunks():
        if isinstance(chunk, Damage):
            damage.append(chunk)
        elif selection.look(chunk.directory.first, chunk.directory.names):
            chunks.append(chunk)
    if not damage:
        _require_found(selection, archive.path)
    places = selection.places
    return [
        *(damage if selection.missing else ()),
        *(chunk for chunk in chunks if not places.isdisjoint(chunk.numbers)),
    ], places


def _from_codes(path: Path, out: Path, run: Run, only: Sequence[str]) -> Decompressed:
    names, codes = read_codes(path, run)
    places = np.arange(len(names))
    if only:
        selection = Selection(only)
        selection.look(0, names)
        _require_found(selection, path)
        places = np.array(sorted(selection.places), np.int64)
    with writer_to(out, len(places)) as writer, progress_bar("decoding", len(places)) as bar:
        for start in range(0, len(places), DECODED_AT_ONCE):
            part = places[start : start + DECODED_AT_ONCE]
            for place, pixels in zip(part, as_displayed(run.decode(codes[part])), strict=True):
                writer.write(NamedImage(names[place], pixels))
            bar.update(writer.count)
    return Decompressed(out, writer.count, (), tuple(writer.renamed))


def _with_pixels(item: NamedImage, shape: tuple[int, int, int]) -> NamedImage:
    """An image as an array has it: of a file that was smaller than its pixels, these."""
    pixels = plain_pixels(item.file, shape) if item.file is not None else None
    return item if pixels is None else NamedImage(item.name, pixels)


def _require_found(selection: Selection, path: Path) -> None:
    if selection.missing:
        raise UsageError(f"there is no image {selection.missing[0]!r} in {path}; `isthmus list` shows all names.")
