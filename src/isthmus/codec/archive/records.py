"""The container: a file of records, each with its own checksum, so that damage costs what it hits and no more.

    signature  record  record  ...  record  trailer

A record is 24 bytes of head, its content, and 16 bytes of BLAKE2b over the archive's head, the record's head and the
content.  The kinds are `head` (what the archive is, in JSON), `modl` (the model, if it is inside), `chnk` (images) and,
at the end, `indx` (where the chunks lie); the trailer says where that is.  Without it the records are found one by one,
and behind damage by their marker.
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
"""Of archives that are written; older ones are read too."""
MARKER = b"\x93isr"
HEAD_SIZE = 24
CHECK_SIZE = 16
TRAILER_MARK = b"isthend\n"
MOST_CONTENT = 1 << 31
"""Bytes of a record."""
Kind: TypeAlias = Literal["head", "modl", "chnk", "indx"]

_WINDOW = 1 << 20
_MOST_HEAD = 1 << 16
_MOST_HEAD_VALUES = 1 << 10
_MOST_INDEX = 1 << 27
"""Bytes of the head and of the index, as JSON."""


@dataclass(frozen=True)
class Place:
    """Where a record's content lies.

    Attributes:
        kind: Of the record.
        number: Of the record in the file, from 0.
        start: Where its head begins, in bytes.
        length: Of the content.
    """

    kind: str
    number: int
    start: int
    length: int

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.start + HEAD_SIZE + self.length + CHECK_SIZE


@dataclass(frozen=True)
class Gap:
    """Bytes of a file that are no record."""

    start: int
    end: int


class RecordWriter:
    """Writes an archive's records one after another.

    Args:
        file: Open for writing, at its beginning.
        about: What the head is to say.
    """

    def __init__(self, file: BinaryIO, about: Mapping[str, Any]) -> None:
        self._file, self._number, self._chunks = file, 0, list[tuple[int, int, int]]()
        self._identity = b""
        file.write(SIGNATURE)
        self._at = len(SIGNATURE)
        content = to_json(about, "the head of the archive", most_bytes=_MOST_HEAD)
        self.add("head", content)
        self._identity = identity_of(content)

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._at

    def add(self, kind: Kind, content: bytes) -> None:
        """Write a record.

        Raises:
            DataError: If it is larger than readers take.
        """
        if len(content) > MOST_CONTENT:
            raise DataError(
                f"a record of an archive has {MOST_CONTENT:,} bytes at most; this one has {len(content):,}."
            )
        head = _head(kind, self._number, len(content))
        for part in (head, content, _check(self._identity, head, content)):
            self._file.write(part)
            self._at += len(part)
        self._number += 1

    def add_chunk(self, content: bytes, first: int, images: int) -> None:
        """Write a chunk, and remember where it is."""
        self._chunks.append((self._at, first, images))
        self.add("chnk", content)

    def finish(self) -> None:
        """Write the index and the trailer.

        Raises:
            DataError: If there are more chunks than readers take.
        """
        at = self._at
        what = "the index, which grows with the number of chunks (--chunk-images),"
        self.add("indx", to_json({"chunks": self._chunks}, what, most_bytes=_MOST_INDEX))
        self._file.write(at.to_bytes(8, "little") + TRAILER_MARK)
        self._at += 8 + len(TRAILER_MARK)


class RecordReader:
    """Reads an archive's records.

    Args:
        path: The archive.

    Raises:
        ArchiveError: If it is none, from a newer isthmus, or its head is damaged.
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
            place = self._place(len(SIGNATURE))
            try:
                if place is None or place.kind != "head" or place.length > _MOST_HEAD:
                    raise ArchiveError("it is none.")
                content = self.read(place)
                self.about = from_json(content, "the head", most_bytes=_MOST_HEAD, most_values=_MOST_HEAD_VALUES)
            except ArchiveError:
                raise ArchiveError(f"{path}: the head is damaged, and nothing can be read without it.") from None
            self._identity = identity_of(content)
            self._first = place.end
            version = self.about.get("format")
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
        self._file.close()

    def places(self) -> Iterator[Place | Gap]:
        """The records behind the head, in the file's order, and what lies between them that is none.

        Whether a record's content is sound shows when it is read.
        """
        at = self._first
        while at < self.size - 8 - len(TRAILER_MARK):
            place = self._place(at)
            if place is None:
                following = self._search(at + 1)
                yield Gap(at, following)
                at = following
                continue
            yield place
            at = place.end

    def index(self) -> list[tuple[int, int, int]] | None:
        """Where each chunk's record begins, its first image and how many it has, in order.

        None if it is damaged, or tells of chunks that no writer makes: out of order, or with images missing between.
        """
        trailer = self._bytes(self.size - 16, 16)
        if trailer[8:] != TRAILER_MARK:
            return None
        place = self._place(int.from_bytes(trailer[:8], "little"))
        if place is None or place.kind != "indx" or place.length > _MOST_INDEX:
            return None
        # An entry is shorter than the record that it tells of, and has four values: a longer index has no such records.
        bytes_, values = min(_MOST_INDEX, self.size), 4 * self.size // (HEAD_SIZE + CHECK_SIZE)
        try:
            told = from_json(self.read(place), "the index", most_bytes=bytes_, most_values=values)["chunks"]
            index = [(whole(start), whole(first), whole(images)) for start, first, images in told]
        except (ArchiveError, KeyError, TypeError, ValueError):
            return None
        at, image = self._first, 0
        for start, first, images in index:
            if start < at or first != image or images < 1:
                return None
            at, image = start + HEAD_SIZE + CHECK_SIZE, image + images
        return index

    def at(self, start: int) -> Place | None:
        """The record that begins at a byte; None if there is none."""
        return self._place(start)

    def read(self, place: Place) -> bytes:
        """A record's content.

        Raises:
            ArchiveError: If its checksum does not match.
        """
        head = self._bytes(place.start, HEAD_SIZE)
        content = self._bytes(place.start + HEAD_SIZE, place.length)
        check = self._bytes(place.start + HEAD_SIZE + place.length, CHECK_SIZE)
        if check != _check(self._identity, head, content):
            raise ArchiveError(f"record {place.number} is damaged: its checksum does not match.")
        return content

    def beginning(self, place: Place, count: int) -> bytes:
        """So many bytes of a record's content, or all if it has fewer; its checksum is not looked at."""
        return self._bytes(place.start + HEAD_SIZE, min(count, place.length))

    def _bytes(self, start: int, count: int) -> bytes:
        if start < 0 or start > self.size:
            return b""
        self._file.seek(start)
        return self._file.read(count)

    def _place(self, start: int) -> Place | None:
        head = self._bytes(start, HEAD_SIZE)
        if len(head) < HEAD_SIZE or head[:4] != MARKER or zlib.crc32(head[:20]) != int.from_bytes(head[20:], "little"):
            return None
        length = int.from_bytes(head[12:20], "little")
        place = Place(head[4:8].decode("ascii", "replace"), int.from_bytes(head[8:12], "little"), start, length)
        return place if length <= MOST_CONTENT and place.end <= self.size else None

    def _search(self, start: int) -> int:
        """Where the next record begins at or behind a byte, or the end of the file."""
        while start < self.size:
            window = self._bytes(start, _WINDOW)
            found = window.find(MARKER)
            while found >= 0:
                if self._place(start + found) is not None:
                    return start + found
                found = window.find(MARKER, found + 1)
            if len(window) < _WINDOW:
                break
            start += _WINDOW - len(MARKER) + 1
        return self.size


def identity_of(head: bytes) -> bytes:
    """What ties records to their archive: a hash of the head's content."""
    return hashlib.blake2b(head, digest_size=CHECK_SIZE).digest()


def _head(kind: str, number: int, length: int) -> bytes:
    head = MARKER + kind.encode() + number.to_bytes(4, "little") + length.to_bytes(8, "little")
    return head + zlib.crc32(head).to_bytes(4, "little")


def _check(identity: bytes, head: bytes, content: bytes) -> bytes:
    digest = hashlib.blake2b(identity, digest_size=CHECK_SIZE)
    digest.update(head)
    digest.update(content)
    return digest.digest()
