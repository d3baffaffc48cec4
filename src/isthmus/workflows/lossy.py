"""Images to a file of their rounded codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.lossy.archive import LossyArchive, fingerprint_of
from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.quality import DEFAULT, compress_to_quality, compress_to_size, require_quality
from isthmus.codec.lossy.statistics import CodeStatistics, code_statistics
from isthmus.data import Data
from isthmus.errors import ArchiveError, UsageError
from isthmus.progress import progress_bar
from isthmus.runs import Run, folder
from isthmus.storage import require_free, write_bytes
from isthmus.workflows.codes import images_for
from isthmus.workflows.compression import require_suffix, reserved

BATCH = 500
MOST_BYTES = 1 << 20
"""For an image, at most: more than any code takes."""


@dataclass(frozen=True)
class LossyCompressed:
    """What was written.

    Attributes:
        count: The images.
        path: The file.
        size: Its bytes.
        quality: How finely the codes were rounded, 1 to 100.
    """

    count: int
    path: Path
    size: int
    quality: int

    @property
    def bytes_per_image(self) -> float:
        """The file's bytes, shared among its images."""
        return self.size / self.count


def compress_lossy(
    run: Run, data: Data, out: str | Path, quality: int | None = None, bytes_per_image: float | None = None
) -> LossyCompressed:
    """Write the rounded codes of images.

    Args:
        run: Whose codes.
        data: The images.
        out: The file.
        quality: From 1 to 100: every ten halve the distance of the marks that codes are rounded to; 50 by default.
        bytes_per_image: Instead of a quality: the file's bytes for each image, at most.

    Raises:
        UsageError: If `out` exists or has another ending than `.isth`, there is no such quality, or the bytes are too
            few.
        DataError: If the images are damaged, or not of the run's shape.
    """
    require_wish(quality, bytes_per_image)
    out = Path(out)
    require_suffix(out)
    require_free(out)
    source = images_for(run, data)
    parts = []
    with progress_bar("encoding", len(source)) as bar:
        for start in range(0, len(source), BATCH):
            parts.append(run.encode(source.read(np.arange(start, min(start + BATCH, len(source))))))
            bar.update(min(start + BATCH, len(source)))
    posterior = {name: np.concatenate([part[name] for part in parts]) for name in run.latent.parameter_names}
    content, found = compress_codes(run, code_statistics(run, posterior), tuple(source.names), quality, bytes_per_image)
    with reserved(out):
        require_free(out)  # another process may have written it since
        write_bytes(out, content)
    return LossyCompressed(len(source), out, len(content), found)


def compress_codes(
    run: Run,
    statistics: CodeStatistics,
    names: tuple[str, ...],
    quality: int | None = None,
    bytes_per_image: float | None = None,
) -> tuple[bytes, int]:
    """The file's content for codes of images that have these names, and its quality; see `compress_lossy`."""
    require_wish(quality, bytes_per_image)
    fingerprint = _fingerprint(run)
    if bytes_per_image is None:
        found, message = compress_to_quality(statistics, DEFAULT if quality is None else quality)
    else:
        around = len(LossyArchive(fingerprint, names, b"").to_bytes())
        found, message = compress_to_size(statistics, int(bytes_per_image * len(names)), around)
    return LossyArchive(fingerprint, names, message).to_bytes(), found


def require_wish(quality: int | None, bytes_per_image: float | None) -> None:
    """Check how good or how small images are to be, before anything is done for it.

    Raises:
        UsageError: If there is no such quality or number of bytes, or both are asked for.
    """
    if quality is not None and bytes_per_image is not None:
        raise UsageError("expected --quality or --bytes-per-image; got both")
    if quality is not None:
        require_quality(quality)
    if bytes_per_image is not None and not 0 < bytes_per_image <= MOST_BYTES:  # nor is it, for one that is no number
        raise UsageError(f"expected --bytes-per-image above 0 and up to {MOST_BYTES}; got {bytes_per_image:g}")


def read_lossy(path: Path) -> LossyArchive:
    """Read a file of rounded codes.

    Raises:
        ArchiveError: If it cannot be read, is damaged or not of isthmus.
    """
    with _naming(path):
        return LossyArchive.from_bytes(path.read_bytes())


def read_codes(path: Path, run: Run) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """The names and the codes `(n, dim)` of a file of rounded codes.

    Raises:
        ArchiveError: If it cannot be read, is damaged, not of isthmus or of another run.
    """
    archive = read_lossy(path)
    with _naming(path):
        return archive.names, decompress_codes(run, archive)


def decompress_codes(run: Run, archive: LossyArchive) -> NDArray[np.float32]:
    """The codes `(n, dim)` of a file of rounded codes.

    Raises:
        ArchiveError: If they are damaged, or of another run.
    """
    if archive.fingerprint != _fingerprint(run):
        raise ArchiveError(
            f"the codes were made with another run than {run.path.name!r}, or before it was trained further. Only the "
            "decoder that they were made with can read them."
        )
    message = Message.from_bytes(archive.message, run.recipe.latent.dim)
    return message.grid.codes(message.marks)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say of which file the faults are."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(f"{path} cannot be opened ({error.strerror}).") from None
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error}") from None


def _fingerprint(run: Run) -> bytes:
    return fingerprint_of(run.manifest.files[folder.DECODER].sha256)
