"""Decompressing archives."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isthmus.codec import Archive, Chunk, CodecModel, Damage, NamedImage, model_of
from isthmus.codec.files.plain import plain_pixels
from isthmus.codec.files.selection import ArchiveSelection
from isthmus.codec.files.writers import writer_to
from isthmus.codec.lossy.archive import is_lossy, read_codes
from isthmus.data import batch_size_for
from isthmus.data.depth import as_levels
from isthmus.errors import ArchiveError, UsageError
from isthmus.progress import progress_bar
from isthmus.runs import Run
from isthmus.storage import require_free


@dataclass(frozen=True)
class Decompressed:
    """Images that were written, and those that could not be.

    Attributes:
        path: The folder or the `.npy`.
        count: The number of images.
        damage: What could not be read.
        renamed: Names of images whose files have other names, each with the path of its file.
    """

    path: Path
    count: int
    damage: tuple[Damage, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


def decompress(
    path: str | Path,
    out: str | Path,
    run: Run | None = None,
    *,
    only: Sequence[str] = (),
    threads: int | None = None,
) -> Decompressed:
    """Write the images of an archive: a file for each in a new folder, or one array in an `.npy`.

    Args:
        path: The archive, lossless or lossy.
        out: The folder or the `.npy` to write; must not exist.
        run: The run that it was made with, needed if no sound model is embedded.
        only: Names, or numbers from 1, of the images to write; all by default.  An existing name takes precedence over
            a number, and stands for all images of that name.
        threads: Chunks decoded at once; by default one on each core.

    Returns:
        What was written, and which images are damaged; all others are written.

    Raises:
        UsageError: If `out` exists, the model is missing, there is no image of a name, or images for an array differ
            in shape.
        ArchiveError: If the archive cannot be read at all, or is of another model; if an image for an array is damaged.
        StorageError: If `out` cannot be written.
    """
    path, out = Path(path), Path(out)
    require_free(out)
    if is_lossy(path):
        if run is None:
            raise UsageError(f"{path} holds quantised codes. Give the run that it was made with: --run RUN")
        return _decompress_lossy(path, out, run, only)
    with Archive(path) as archive:
        model = _model_of(archive, run)
        if model is None and archive.needs_model:
            raise UsageError(
                f"{path} does not hold its model. Give the run that it was made with ({archive.run_name!r}): --run RUN"
            )
        return _decompress_lossless(archive, out, model, only, threads or os.cpu_count() or 1)


def _model_of(archive: Archive, run: Run | None) -> CodecModel | None:
    """The embedded model, which stays the same when the run is trained further; else the run's."""
    try:
        embedded = archive.embedded()
    except ArchiveError:
        if run is None:
            raise
        embedded = None
    return model_of(run) if embedded is None and run is not None else embedded


def _decompress_lossless(
    archive: Archive, out: Path, model: CodecModel | None, only: Sequence[str], threads: int
) -> Decompressed:
    chunks: Iterable[Chunk | Damage] = archive.chunks()
    count, numbers = archive.count, None
    if only:
        chunks, numbers = _selected(archive, only)
        count = len(numbers)

    def images() -> Iterator[list[NamedImage] | Damage]:
        for part in archive.items(model, chunks, threads):
            if isinstance(part, Damage):
                if out.suffix == ".npy":
                    raise ArchiveError(
                        f"{part}; an array has no gaps. Give --out a folder to get the images that are sound."
                    )
                yield part
                continue
            pairs = zip(part[0].numbers, part[1], strict=True)
            wanted = [image for number, image in pairs if numbers is None or number in numbers]
            yield [_with_pixels(image, archive.shape) for image in wanted] if out.suffix == ".npy" else wanted

    return _write(out, count, images())


def _decompress_lossy(path: Path, out: Path, run: Run, only: Sequence[str]) -> Decompressed:
    names, codes = read_codes(path, run)
    numbers = np.arange(len(names))
    if only:
        selection = ArchiveSelection(only)
        selection.look(0, names)
        _require_found(selection, path)
        numbers = np.array(sorted(selection.numbers), np.int64)

    def images() -> Iterator[list[NamedImage]]:
        size = batch_size_for(run.image.dims)
        for start in range(0, len(numbers), size):
            part = numbers[start : start + size]
            decoded = np.asarray(as_levels(run.decode(codes[part])), np.uint8)
            yield [NamedImage(names[number], pixels) for number, pixels in zip(part, decoded, strict=True)]

    return _write(out, len(numbers), images())


def _write(out: Path, count: int | None, parts: Iterable[list[NamedImage] | Damage]) -> Decompressed:
    """Write images.

    Args:
        out: The folder or the `.npy`.
        count: Their number; None if it is unknown because the index is damaged, and then there is no array.
        parts: The images, and damage.
    """
    damage: list[Damage] = []
    with writer_to(out, count or 0) as writer, progress_bar("decompressing", count) as bar:
        for part in parts:
            if isinstance(part, Damage):
                damage.append(part)
                continue
            for image in part:
                writer.write(image)
            bar.update(writer.count)
    return Decompressed(out, writer.count, tuple(damage), tuple(writer.renamed))


def _selected(archive: Archive, only: Sequence[str]) -> tuple[list[Chunk | Damage], frozenset[int]]:
    """The chunks that hold images of these names or numbers, and the images' numbers from 0.

    Damage is included only if it may have hidden an image that was not found.

    Raises:
        UsageError: If there is no such image.
    """
    selection = ArchiveSelection(only)
    chunks: list[Chunk] = []
    damage: list[Chunk | Damage] = []
    for chunk in archive.chunks():
        if isinstance(chunk, Damage):
            damage.append(chunk)
        elif selection.look(chunk.directory.first, chunk.directory.names):
            chunks.append(chunk)
    if not damage:
        _require_found(selection, archive.path)
    numbers = selection.numbers
    wanted = [chunk for chunk in chunks if not numbers.isdisjoint(chunk.numbers)]
    return [*(damage if selection.missing else ()), *wanted], numbers


def _require_found(selection: ArchiveSelection, path: Path) -> None:
    if selection.missing:
        raise UsageError(f"there is no image {selection.missing[0]!r} in {path}; `isthmus list` shows all names.")


def _with_pixels(image: NamedImage, shape: tuple[int, int, int]) -> NamedImage:
    """An image for an array; a file that was smaller than its pixels is decoded."""
    pixels = plain_pixels(image.file, shape) if image.file is not None else None
    return image if pixels is None else NamedImage(image.name, pixels)
