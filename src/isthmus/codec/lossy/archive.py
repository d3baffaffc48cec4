"""A file of rounded codes: which run can read it, what the images are called, and a checksum of everything."""

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from isthmus.codec.archive.names import from_runs, to_runs
from isthmus.codec.coder.integers import inflate
from isthmus.codec.lossy.message import Outline
from isthmus.codec.packed_json import parse_limited
from isthmus.errors import ArchiveError, DataError

MAGIC = b"ISTL"
VERSION = 1
FINGERPRINT = 8
"""Bytes of the decoder's SHA-256 that tell one run from another."""
MOST_TEXT = 1 << 28
"""Bytes of the names as JSON, and characters of all names."""
_VALUES_OF_NAME = 6
_HEAD = struct.Struct(f"<4sBB{FINGERPRINT}sI")
_SIZES = struct.Struct("<II")


@dataclass(frozen=True)
class LossyArchive:
    """What a file holds.

    Attributes:
        fingerprint: The first bytes of the decoder's SHA-256.
        names: Of the images.
        message: The rounded codes; see `Message`.
    """

    fingerprint: bytes
    names: tuple[str, ...]
    message: bytes

    def to_bytes(self) -> bytes:
        """Magic, version, whether there are names, fingerprint, checksum; the names; the message.

        Names go as the size of their text and of its packing, and that; plain numbers go unsaid.
        """
        named = self.names != numbered(len(self.names))
        body = (_pack_names(self.names) if named else b"") + self.message
        checksum = zlib.crc32(bytes([named]) + self.fingerprint + body)
        return _HEAD.pack(MAGIC, VERSION, named, self.fingerprint, checksum) + body

    @classmethod
    def from_bytes(cls, content: bytes) -> "LossyArchive":
        """Read what `to_bytes` gave.

        Raises:
            ArchiveError: If it is not of isthmus, from a newer isthmus, truncated or damaged.
        """
        if content[:4] != MAGIC:
            raise ArchiveError("it is not a file of rounded codes. `isthmus compress --lossy` makes one.")
        if len(content) < _HEAD.size:
            raise ArchiveError("it is truncated.")
        _, version, named, fingerprint, checksum = _HEAD.unpack_from(content)
        if version > VERSION:
            raise ArchiveError(f"it is of format {version}; this isthmus reads up to {VERSION}. Upgrade isthmus.")
        body = content[_HEAD.size :]
        if zlib.crc32(bytes([named]) + fingerprint + body) != checksum:
            raise ArchiveError("it is damaged: its checksum does not match.")
        if version != VERSION:  # which is no part of the checksum
            raise ArchiveError(f"it is damaged: there is no format {version}.")
        if not named:
            return cls(fingerprint, numbered(Outline.of(body).count), body)
        names, message = _unpack_names(body)
        return cls(fingerprint, names, message)


def is_lossy(path: Path) -> bool:
    """Whether a file begins as one of rounded codes does."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def numbered(count: int) -> tuple[str, ...]:
    """The names of images that have none: their numbers, all of one length."""
    digits = len(str(max(count - 1, 0)))
    return tuple(f"{place:0{digits}d}" for place in range(count))


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
    count = Outline.of(message).count
    if size > MOST_TEXT:
        raise ArchiveError(f"expected names of {MOST_TEXT:,} bytes at most; the file has {size:,}.")
    text = inflate(body[_SIZES.size : _SIZES.size + packed], size)
    runs = parse_limited(text, "the list of its images' names", _VALUES_OF_NAME * count)
    return tuple(from_runs(runs, count, MOST_TEXT)), message


def fingerprint_of(sha256: str) -> bytes:
    """The bytes that stand for a run, from its decoder's SHA-256 in hexadecimal."""
    return bytes.fromhex(sha256)[:FINGERPRINT]
