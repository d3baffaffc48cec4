"""A file of rounded codes: which run can read it, what the images are called, and a checksum of everything."""

import json
import struct
import zlib
from dataclasses import dataclass

from isthmus.codec.names import from_runs, to_runs
from isthmus.codec.packing import inflate
from isthmus.errors import ArchiveError

MAGIC = b"ISTL"
VERSION = 1
FINGERPRINT = 8
"""Bytes of the decoder's SHA-256 that tell one run from another."""
_HEAD = struct.Struct(f"<4sB{FINGERPRINT}sIII")


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
        """Magic, version, fingerprint, checksum, the sizes of the names' text and of its packing; names; message."""
        text = b"" if self.names == numbered(len(self.names)) else json.dumps(to_runs(self.names)).encode()
        names = zlib.compress(text, 9) if text else b""
        body = names + self.message
        sizes = struct.pack("<II", len(text), len(names))
        checksum = zlib.crc32(self.fingerprint + sizes + body)
        return _HEAD.pack(MAGIC, VERSION, self.fingerprint, checksum, len(text), len(names)) + body

    @classmethod
    def from_bytes(cls, content: bytes) -> "LossyArchive":
        """Read what `to_bytes` gave.

        Raises:
            ArchiveError: If it is foreign, from a newer isthmus, cut off or damaged.
        """
        if content[:4] != MAGIC:
            raise ArchiveError("it is no file of rounded codes. `isthmus compress --lossy` makes one.")
        if len(content) < _HEAD.size:
            raise ArchiveError("it is cut off.")
        _, version, fingerprint, checksum, told, packed = _HEAD.unpack_from(content)
        if version > VERSION:
            raise ArchiveError(f"it is of format {version}; this isthmus reads up to {VERSION}. Upgrade isthmus.")
        body = content[_HEAD.size :]
        if zlib.crc32(fingerprint + struct.pack("<II", told, packed) + body) != checksum:
            raise ArchiveError("it is damaged: its checksum is another.")
        message = body[packed:]
        count = int.from_bytes(message[:4], "little")
        if not told:
            return cls(fingerprint, numbered(count), message)
        return cls(fingerprint, _names(inflate(body[:packed], told), count), message)


def numbered(count: int) -> tuple[str, ...]:
    """The names of images that have none: their numbers, all of one length."""
    digits = len(str(max(count - 1, 0)))
    return tuple(f"{place:0{digits}d}" for place in range(count))


def _names(text: bytes, count: int) -> tuple[str, ...]:
    try:
        return tuple(from_runs(json.loads(text), count))
    except ValueError as error:
        raise ArchiveError(f"the names of its images are damaged ({error}).") from None


def fingerprint_of(sha256: str) -> bytes:
    """The bytes that stand for a run, from its decoder's SHA-256 in hexadecimal."""
    return bytes.fromhex(sha256)[:FINGERPRINT]
