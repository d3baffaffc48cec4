"""The container: a file of records, each with its own checksum, so that damage to one does not affect the others.

    signature  record  record  ...  record  trailer

A record is a head of 24 bytes, its content, and 16 bytes of BLAKE2b over the archive's head, the record's head and the
content.  The kinds are `head` (a description of the archive, in JSON), `modl` (the model, if it is embedded), `chnk`
(images) and, at the end, `indx` (the positions of the chunks).  The trailer holds the position of the index.  Without
it a reader goes from record to record, and finds the next one after damage by its marker.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

from isthmus.codec.packed_json import from_json, to_json, whole
from isthmus.errors import ArchiveError, DataError

SIGNATURE = b"\x89ISTH\r\n\x1a"
FORMAT = 2
"""The version of archives that are written; earlier ones are read too."""
MARKER = b"\x93isr"
HEAD_SIZE = 24
CHECK_SIZE = 16
TRAILER_MARK = b"isthend\n"
MOST_CONTENT = 1 << 31
"""Bytes of a record's content, at most."""
Kind: TypeAlias = Literal["head", "modl", "chnk", "indx"]
Index: TypeAlias = list[tuple[int, int, int]]
"""For each chunk: the position of its record, the number of its first image from 0, and its number of images."""

_WINDOW = 1 << 20
_MOST_HEAD = 1 << 16
_MOST_HEAD_VALUES = 1 << 10
_MOST_INDEX = 1 << 27
"""The JSON of the head and that of the index have fewer bytes."""


@dataclass(frozen=True)
class Record:
    """The kind and the position of a record.

    Attributes:
        kind: A `Kind`, or the four letters of one that is not known.
        number: The record's number in the file, from 0.
        start: Position of its first byte in the file.
        length: Bytes of the content.
    """

    kind: str
    number: int
    start: int
    length: int

    @property
    def end(self) -> int:
        """Position of the byte after the record."""
        return self.start + HEAD_SIZE + self.length + CHECK_SIZE


@dataclass(frozen=True)
class Gap:
    """Bytes between two positions of a file that are not a record."""

    start: int
    end: int


class RecordWriter:
    """Writes the records of an archive in their order.

    Args:
        file: An empty file, open for writing.
        head: The description of the archive, as JSON.
    """

    def __init__(self, file: BinaryIO, head: Mapping[str, Any]) -> None:
        self._file, self._number = file, 0
        self._index: Index = []
        self._identity = b""
        file.write(SIGNATURE)
        self._at = len(SIGNATURE)
        content = to_json(head, "the head of the archive", most_bytes=_MOST_HEAD)
        self.add("head", content)
        self._identity = identity_of(content)

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._at

    def add(self, kind: Kind, content: bytes) -> None:
        """Write a record.

        Raises:
            DataError: If it is larger than readers accept.
        """
        if len(content) > MOST_CONTENT:
            raise DataError(f"expected a record of {MOST_CONTENT:,} bytes at most; got {len(content):,}.")
        head = _record_head(kind, self._number, len(content))
        for part in (head, content, _check(self._identity, head, content)):
            self._file.write(part)
            self._at += len(part)
        self._number += 1

    def add_chunk(self, content: bytes, first: int, images: int) -> None:
        """Write a chunk of images, the first of which has the number `first`, and enter it in the index."""
        self._index.append((self._at, first, images))
        self.add("chnk", content)

    def finish(self) -> None:
        """Write the index and the trailer.

        Raises:
            DataError: If there are more chunks than readers accept.
        """
        at = self._at
        what = "the index, which grows with the number of chunks (--chunk-images),"
        self.add("indx", to_json({"chunks": self._index}, what, most_bytes=_MOST_INDEX))
        self._file.write(at.to_bytes(8, "little") + TRAILER_MARK)
        self._at += 8 + len(TRAILER_MARK)


class RecordReader:
    """Reads the records of an archive.

    Args:
        path: The archive.

    Attributes:
        size: Bytes of the file.
        head: The description of the archive.

    Raises:
        ArchiveError: If it is not an archive, from a newer isthmus, or its head is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise ArchiveError(f"{path} cannot be opened: {error.strerror or error}.") from None
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            if self._bytes(0, len(SIGNATURE)) != SIGNATURE:
                raise ArchiveError(f"{path} is not an isthmus archive, or its first bytes are damaged.")
            self._identity = b""
            record = self.record_at(len(SIGNATURE))
            try:
                if record is None or record.kind != "head" or record.length > _MOST_HEAD:
                    raise ArchiveError("it is not the head.")
                content = self.read(record)
                self.head = from_json(content, "the head", most_bytes=_MOST_HEAD, most_values=_MOST_HEAD_VALUES)
            except ArchiveError:
                raise ArchiveError(f"{path}: the head is damaged, and nothing can be read without it.") from None
            self._identity = identity_of(content)
            self._first = record.end
            version = self.head.get("format")
            if not isinstance(version, int) or not 1 <= version <= FORMAT:
                raise ArchiveError(
                    f"{path} is of format {version!r}, and this isthmus reads up to {FORMAT}. "
                    "Upgrade it: pip install --upgrade isthmus"
                )
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "RecordReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def records(self) -> Iterator[Record | Gap]:
        """The records after the head and the gaps between them, in the order of the file.

        Their contents are not checked; `read` does that.
        """
        at = self._first
        while at < self.size - 8 - len(TRAILER_MARK):
            record = self.record_at(at)
            if record is None:
                following = self._search(at + 1)
                yield Gap(at, following)
                at = following
                continue
            yield record
            at = record.end

    def index(self) -> Index | None:
        """The index; None if it is damaged, or lists chunks out of order or with images missing in between."""
        trailer = self._bytes(self.size - 16, 16)
        if trailer[8:] != TRAILER_MARK:
            return None
        record = self.record_at(int.from_bytes(trailer[:8], "little"))
        if record is None or record.kind != "indx" or record.length > _MOST_INDEX:
            return None
        # An entry has four values and is shorter than its record: a longer index lists records that do not exist.
        bytes_, values = min(_MOST_INDEX, self.size), 4 * self.size // (HEAD_SIZE + CHECK_SIZE)
        try:
            chunks = from_json(self.read(record), "the index", most_bytes=bytes_, most_values=values)["chunks"]
            index = [(whole(start), whole(first), whole(images)) for start, first, images in chunks]
        except (ArchiveError, KeyError, TypeError, ValueError):
            return None
        at, image = self._first, 0
        for start, first, images in index:
            if start < at or first != image or images < 1:
                return None
            at, image = start + HEAD_SIZE + CHECK_SIZE, image + images
        return index

    def read(self, record: Record) -> bytes:
        """Read the content of a record.

        Raises:
            ArchiveError: If its checksum does not match.
        """
        head = self._bytes(record.start, HEAD_SIZE)
        content = self._bytes(record.start + HEAD_SIZE, record.length)
        check = self._bytes(record.start + HEAD_SIZE + record.length, CHECK_SIZE)
        if check != _check(self._identity, head, content):
            raise ArchiveError(f"record {record.number} is damaged: its checksum does not match.")
        return content

    def beginning(self, record: Record, count: int) -> bytes:
        """The first `count` bytes of a record's content, or all if it has fewer; the checksum is not checked."""
        return self._bytes(record.start + HEAD_SIZE, min(count, record.length))

    def _bytes(self, start: int, count: int) -> bytes:
        if start < 0 or start > self.size:
            return b""
        self._file.seek(start)
        return self._file.read(count)

    def record_at(self, start: int) -> Record | None:
        """The record that begins at a position; None if there is none."""
        head = self._bytes(start, HEAD_SIZE)
        if len(head) < HEAD_SIZE or head[:4] != MARKER or zlib.crc32(head[:20]) != int.from_bytes(head[20:], "little"):
            return None
        length = int.from_bytes(head[12:20], "little")
        record = Record(head[4:8].decode("ascii", "replace"), int.from_bytes(head[8:12], "little"), start, length)
        return record if length <= MOST_CONTENT and record.end <= self.size else None

    def _search(self, start: int) -> int:
        """Position of the first record at or after a position; the end of the file if there is none."""
        while start < self.size:
            window = self._bytes(start, _WINDOW)
            found = window.find(MARKER)
            while found >= 0:
                if self.record_at(start + found) is not None:
                    return start + found
                found = window.find(MARKER, found + 1)
            if len(window) < _WINDOW:
                break
            start += _WINDOW - len(MARKER) + 1
        return self.size


def identity_of(head: bytes) -> bytes:
    """A hash of the head's content, which ties all records to their archive."""
    return hashlib.blake2b(head, digest_size=CHECK_SIZE).digest()


def _record_head(kind: str, number: int, length: int) -> bytes:
    head = MARKER + kind.encode() + number.to_bytes(4, "little") + length.to_bytes(8, "little")
    return head + zlib.crc32(head).to_bytes(4, "little")


def _check(identity: bytes, head: bytes, content: bytes) -> bytes:
    digest = hashlib.blake2b(identity, digest_size=CHECK_SIZE)
    digest.update(head)
    digest.update(content)
    return digest.digest()
