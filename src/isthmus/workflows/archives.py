"""Listing and verifying archives."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from isthmus.codec import Archive, Chunk, Damage, model_of
from isthmus.codec.lossy.archive import is_lossy, read_codes, read_lossy
from isthmus.errors import ArchiveError
from isthmus.progress import progress_bar
from isthmus.runs import Run


@dataclass(frozen=True)
class Listing:
    """The content of a lossless archive.

    Attributes:
        path: The archive.
        run_name: The name of the run that it was made with.
        model: The hash of the model.
        embedded: Whether the model is embedded.
        shape: Height, width and channels of the images that the model codes.
        size: Bytes of the archive.
        chunks: The number of chunks.
        coded: Images that the model coded.
        names: Names of the images.
        shapes: Shapes of the images; None for files.
        damage: What is damaged.
    """

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
    """The content of a lossy archive.

    Attributes:
        path: The archive.
        model: The first bytes of the SHA-256 of its decoder, in hexadecimal.
        size: Bytes of the archive.
        names: Names of the images.
    """

    path: Path
    model: str
    size: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Verified:
    """The result of verifying an archive.

    Attributes:
        count: Images without damage.
        decoded: Whether they were decoded and compared; without the model only checksums are verified.
        damage: What is damaged.
    """

    count: int
    decoded: bool
    damage: tuple[Damage, ...] = ()


def list_archive(path: Path) -> Listing | LossyListing:
    """List the images of an archive without decoding them: of a lossless one only the chunks' directories are read.

    Raises:
        ArchiveError: If it cannot be read at all.
    """
    if is_lossy(path):
        lossy = read_lossy(path)
        return LossyListing(path, lossy.fingerprint.hex(), path.stat().st_size, lossy.names)
    with Archive(path) as archive:
        parts = list(archive.chunks())
        directories = [part.directory for part in parts if isinstance(part, Chunk)]
        return Listing(
            path,
            archive.run_name,
            archive.digest,
            archive.holds_model,
            archive.shape,
            archive.size,
            len(directories),
            sum(directory.coded for directory in directories),
            tuple(name for directory in directories for name in directory.names),
            tuple(shape for directory in directories for shape in directory.shapes(archive.shape)),
            tuple(part for part in parts if isinstance(part, Damage)),
        )


def verify(path: Path, run: Run | None = None, threads: int | None = None) -> Verified:
    """Verify an archive: every checksum and, if the model is available, every pixel.

    Args:
        path: The archive, lossless or lossy.
        run: The run that it was made with, needed to verify pixels if no sound model is embedded.
        threads: Chunks decoded at once; by default one on each core.

    Raises:
        ArchiveError: If it cannot be read at all, or was made with another run.
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
        chunks = archive.chunks()
        parts: Iterator[tuple[Chunk, object] | Damage] = (
            archive.items(model, chunks, threads or os.cpu_count() or 1) if decoded else archive.contents(chunks)
        )
        count = 0
        with progress_bar("verifying", archive.count) as bar:
            for part in parts:
                if isinstance(part, Damage):
                    damage.append(part)
                else:
                    count += len(part[0].numbers)
                    bar.update(count)
    return Verified(count, decoded, tuple(damage))
