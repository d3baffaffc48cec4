"""Lossy archives: quantised codes, the images' names, the decoder that reads them, and a checksum of everything.

The container of lossless archives would take 254 bytes more: too many for files of a few bytes for each image.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.archive.names import from_runs, to_runs
from isthmus.codec.coder.integers import inflate
from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.quality import DEFAULT, compress_to_quality, compress_to_size
from isthmus.codec.lossy.statistics import CodeStatistics
from isthmus.codec.packed_json import parse_limited
from isthmus.errors import ArchiveError, DataError
from isthmus.runs import Run, folder

MAGIC = b"ISTL"
VERSION = 1
FINGERPRINT = 8
"""Bytes of the decoder's SHA-256 that identify a run."""
MOST_TEXT = 1 << 28
"""Bytes of the names as JSON, and characters of all names, at most."""
_VALUES_OF_NAME = 6
_HEAD = struct.Struct(f"<4sBB{FINGERPRINT}sI")
_SIZES = struct.Struct("<II")


@dataclass(frozen=True)
class LossyArchive:
    """The content of a lossy archive.

    Attributes:
        fingerprint: The first bytes of the decoder's SHA-256.
        names: Names of the images.
        message: The quantised codes; see `Message`.
    """

    fingerprint: bytes
    names: tuple[str, ...]
    message: bytes

    def to_bytes(self) -> bytes:
        """Magic, version, whether there are names, fingerprint, checksum; the names; the message.

        Names are stored as the length of their JSON, the length of its compressed form, and that form.  Consecutive
        numbers, as `numbered` gives them, are not stored.

        Raises:
            DataError: If the names are longer than readers accept.
        """
        named = self.names != numbered(len(self.names))
        body = (_pack_names(self.names) if named else b"") + self.message
        checksum = zlib.crc32(bytes([named]) + self.fingerprint + body)
        return _HEAD.pack(MAGIC, VERSION, named, self.fingerprint, checksum) + body

    @classmethod
    def from_bytes(cls, content: bytes) -> "LossyArchive":
        """Read what `to_bytes` gave.

        Raises:
            ArchiveError: If it is not a lossy archive, from a newer isthmus, truncated or damaged.
        """
        if content[:4] != MAGIC:
            raise ArchiveError("it is not a lossy archive, as `isthmus compress --lossy` writes.")
        if len(content) < _HEAD.size:
            raise ArchiveError("it is truncated.")
        _, version, named, fingerprint, checksum = _HEAD.unpack_from(content)
        if version > VERSION:
            raise ArchiveError(f"it is of format {version}; this isthmus reads up to {VERSION}. Upgrade isthmus.")
        body = content[_HEAD.size :]
        if zlib.crc32(bytes([named]) + fingerprint + body) != checksum:
            raise ArchiveError("it is damaged: its checksum does not match.")
        if version != VERSION:  # the checksum does not cover it
            raise ArchiveError(f"it is damaged: there is no format {version}.")
        if not named:
            return cls(fingerprint, numbered(Message.from_bytes(body).count), body)
        names, message = _unpack_names(body)
        return cls(fingerprint, names, message)

    def codes(self, run: Run) -> NDArray[np.float32]:
        """The codes `(n, dim)`, as the run's decoder takes them.

        Raises:
            ArchiveError: If they are damaged, or were made with another run.
        """
        if self.fingerprint != _fingerprint(run):
            raise ArchiveError(
                f"the codes were made with another run than {run.path.name!r}, or before it was trained further. Only "
                "the decoder that they were made with can read them."
            )
        message = Message.from_bytes(self.message, run.recipe.latent.dim)
        return message.grid.dequantise(message.quantised())


def is_lossy(path: Path) -> bool:
    """Whether a file begins like a lossy archive."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_lossy(path: Path) -> LossyArchive:
    """Read a lossy archive.

    Raises:
        ArchiveError: If it cannot be read, is damaged or not a lossy archive.
    """
    with _naming(path):
        return LossyArchive.from_bytes(path.read_bytes())


def read_codes(path: Path, run: Run) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """The names and the codes `(n, dim)` of a lossy archive.

    Raises:
        ArchiveError: If it cannot be read, is damaged, not a lossy archive or made with another run.
    """
    archive = read_lossy(path)
    with _naming(path):
        return archive.names, archive.codes(run)


def compress_codes(
    run: Run,
    statistics: CodeStatistics,
    names: tuple[str, ...],
    quality: int | None = None,
    bytes_per_image: float | None = None,
) -> tuple[bytes, int]:
    """Compress codes into the content of a lossy archive.

    Args:
        run: The run that computed the codes.
        statistics: The codes and their statistics.
        names: Names of the images.
        quality: From 1 to 100; 50 by default.
        bytes_per_image: Instead of a quality: bytes of the file for each image, at most.

    Returns:
        The content, and its quality.

    Raises:
        UsageError: If the bytes are too few.
        DataError: If the names are too long.
    """
    fingerprint = _fingerprint(run)
    if bytes_per_image is None:
        found, message = compress_to_quality(statistics, DEFAULT if quality is None else quality)
    else:
        around = len(LossyArchive(fingerprint, names, b"").to_bytes())
        found, message = compress_to_size(statistics, int(bytes_per_image * len(names)), around)
    return LossyArchive(fingerprint, names, message).to_bytes(), found


def numbered(count: int) -> tuple[str, ...]:
    """The names of images that have none: their numbers from 0, all with as many digits as the last."""
    digits = len(str(max(count - 1, 0)))
    return tuple(f"{number:0{digits}d}" for number in range(count))


def _pack_names(names: tuple[str, ...]) -> bytes:
    text = json.dumps(to_runs(names)).encode()
    if max(len(text), sum(map(len, names))) > MOST_TEXT:
        raise DataError(
            f"the names of {len(names)} images are too long for one file: expected {MOST_TEXT:,} characters at most. "
            "Compress fewer images"
        )
    packed = zlib.compress(text, 9)
    return _SIZES.pack(len(text), len(packed)) + packed


def _unpack_names(body: bytes) -> tuple[tuple[str, ...], bytes]:
    if len(body) < _SIZES.size:
        raise ArchiveError("the names of its images are truncated.")
    size, packed = _SIZES.unpack_from(body)
    message = body[_SIZES.size + packed :]
    count = Message.from_bytes(message).count
    if size > MOST_TEXT:
        raise ArchiveError(f"expected names of {MOST_TEXT:,} bytes at most; the file has {size:,}.")
    text = inflate(body[_SIZES.size : _SIZES.size + packed], size)
    runs = parse_limited(text, "the list of its images' names", _VALUES_OF_NAME * count)
    return tuple(from_runs(runs, count, MOST_TEXT)), message


def _fingerprint(run: Run) -> bytes:
    return bytes.fromhex(run.manifest.files[folder.DECODER].sha256)[:FINGERPRINT]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in errors."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(f"{path} cannot be opened ({error.strerror}).") from None
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error}") from None
