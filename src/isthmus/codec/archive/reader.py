"""Reading archives: images out, chunk by chunk, so that the memory needed does not grow with the archive."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isthmus.codec.archive.chunk import decode_chunk
from isthmus.codec.archive.directory import Directory, directory_at
from isthmus.codec.archive.escape import Shape
from isthmus.codec.archive.image import NamedImage
from isthmus.codec.archive.records import Gap, Index, Record, RecordReader
from isthmus.codec.model.codec_model import CodecModel
from isthmus.codec.model.embedded import model_from_bytes
from isthmus.codec.packed_json import whole
from isthmus.errors import ArchiveError
from isthmus.threads import ordered_map


@dataclass(frozen=True)
class Damage:
    """A damaged part of an archive.

    Attributes:
        where: The part, in words.
        reason: What is wrong with it.
        images: The number of images that are lost; None if it is unknown.
    """

    where: str
    reason: str
    images: int | None

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, eq=False)
class Chunk:
    """A chunk of which only the directory has been read.

    Attributes:
        directory: The directory.
        record: The record that holds the chunk.
    """

    directory: Directory
    record: Record

    @property
    def numbers(self) -> range:
        """The numbers of its images in the archive, from 0."""
        return range(self.directory.first, self.directory.first + len(self.directory.names))

    def damaged(self, reason: str) -> Damage:
        """The loss of all its images."""
        return Damage(_in_words(self.numbers), reason, len(self.numbers))


class Archive:
    """An archive, open for reading; a context manager that closes it.

    Args:
        path: The file.

    Attributes:
        path: The file.
        head: The description of the archive.
        shape: Height, width and channels of the images that the model codes.
        digest: The hash of the model.
        run_name: The name of the run that it was made with.

    Raises:
        ArchiveError: If it is not an archive, from a newer isthmus, or its head is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = RecordReader(path)
        self.head = self._reader.head
        try:
            height, width, channels = (whole(side) for side in self.head["image"])
            self.shape: Shape = (height, width, channels)
            self.digest, self.run_name = str(self.head["model"]), str(self.head["run"])
            if min(self.shape) < 1:
                raise ValueError("an image has no pixels")
        except (KeyError, TypeError, ValueError):
            self._reader.close()
            raise ArchiveError(f"{path}: the head does not describe the images of the archive.") from None
        self._index = self._reader.index()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._reader.size

    @property
    def count(self) -> int | None:
        """The number of images, damaged ones included; None if the index is damaged."""
        return None if self._index is None else sum(images for _, _, images in self._index)

    @property
    def holds_model(self) -> bool:
        """Whether a model is embedded; `embedded` checks it."""
        return isinstance(self._model_record, Record)

    @property
    def needs_model(self) -> bool:
        """Whether any image is coded by a model; all others can be read without it."""
        return any(isinstance(chunk, Chunk) and chunk.directory.coded for chunk in self.chunks())

    def model_bytes(self) -> bytes | None:
        """The embedded model as bytes; None if there is none.

        Raises:
            ArchiveError: If it is damaged.
        """
        if isinstance(self._model_record, Gap):
            raise ArchiveError("the record where it may have been is unreadable.")
        return None if self._model_record is None else self._reader.read(self._model_record)

    def embedded(self) -> CodecModel | None:
        """The embedded model; None if there is none.

        Raises:
            ArchiveError: If it is damaged, or not the model that coded the images.
        """
        try:
            content = self.model_bytes()
            model = None if content is None else model_from_bytes(content)
        except ArchiveError as error:
            raise ArchiveError(
                f"the model inside {self.path} cannot be read: {error} Give the run that the archive was made with "
                f"({self.run_name!r}): --run RUN"
            ) from None
        if model is not None:
            self.require(model)
        return model

    def require(self, model: CodecModel) -> None:
        """Check that a model is the one that the archive was made with.

        Raises:
            ArchiveError: If it is another one.
        """
        if model.digest != self.digest or model.shape != self.shape:
            raise ArchiveError(
                f"{self.path} was made with the model {self.digest[:12]} (run {self.run_name!r}); this one is "
                f"{model.digest[:12]}. Give the run that it was made with."
            )

    def chunks(self) -> Iterator[Chunk | Damage]:
        """The chunks in the order of their images, with damage in the place of those that are damaged.

        Only the directories are read; `contents` and `items` check the rest.
        """
        return self._searched() if self._index is None else self._indexed(self._index)

    def contents(self, chunks: Iterable[Chunk | Damage]) -> Iterator[tuple[Chunk, bytes] | Damage]:
        """Chunks with their contents, whose checksums are verified; damage is passed on."""
        for chunk in chunks:
            if isinstance(chunk, Damage):
                yield chunk
                continue
            try:
                content = self._reader.read(chunk.record)
            except ArchiveError as error:
                yield chunk.damaged(str(error))
            else:
                yield chunk, content

    def items(
        self, model: CodecModel | None, chunks: Iterable[Chunk | Damage], threads: int = 1
    ) -> Iterator[tuple[Chunk, list[NamedImage]] | Damage]:
        """The decoded images of chunks, chunk by chunk; damage is passed on.

        Args:
            model: The model that the archive was made with; without it chunks that need it are damage.
            chunks: The chunks.
            threads: Chunks decoded at once.

        Raises:
            ArchiveError: If the archive was made with another model.
        """
        if model is not None:
            self.require(model)

        def decode(part: tuple[Chunk, bytes] | Damage) -> tuple[Chunk, list[NamedImage]] | Damage:
            if isinstance(part, Damage):
                return part
            chunk, content = part
            try:
                return chunk, decode_chunk(model, content, self.shape)
            except ArchiveError as error:
                return chunk.damaged(str(error))

        yield from ordered_map(decode, self.contents(chunks), threads, one_core_each=True)

    def faults(self) -> Iterator[Damage]:
        """Damage outside the indexed chunks and the model, which `chunks` and `embedded` do not find."""
        if self._index is None:
            return
        starts = [start for start, _, _ in self._index]
        for record in self._reader.records():
            if isinstance(record, Gap):
                if bisect_left(starts, record.start) == bisect_left(starts, record.end):
                    yield _unreadable(record, 0)
            elif record.kind == "chnk":
                if record.start not in starts[bisect_left(starts, record.start) :][:1]:
                    yield Damage(f"the chunk at byte {record.start}", "the index does not list it.", None)
            elif record != self._model_record:
                try:
                    self._reader.read(record)
                except ArchiveError as error:
                    yield Damage(f"the record at byte {record.start}", str(error), 0)

    @cached_property
    def _model_record(self) -> Record | Gap | None:
        """The model's record, before the first chunk with coded images; a gap there if it may have been the model's."""
        gap = None
        for record in self._reader.records():
            if isinstance(record, Gap):
                gap = gap or record
            elif record.kind == "modl":
                return record
            elif record.kind == "chnk":
                chunk = self._chunk(record, "", None)
                if isinstance(chunk, Chunk) and chunk.directory.coded:
                    break
        return gap

    def _indexed(self, index: Index) -> Iterator[Chunk | Damage]:
        ends = [*(start for start, _, _ in index), self._reader.size][1:]
        for (start, first, images), end in zip(index, ends, strict=True):
            numbers = range(first, first + images)
            record = self._reader.record_at(start)
            if record is None or record.kind != "chnk" or record.end > end:
                yield Damage(_in_words(numbers), "the chunk's record is damaged.", images)
                continue
            chunk = self._chunk(record, _in_words(numbers), images)
            if isinstance(chunk, Chunk) and chunk.numbers != numbers:
                chunk = Damage(_in_words(numbers), "another chunk is in its place.", images)
            yield chunk

    def _searched(self) -> Iterator[Chunk | Damage]:
        """The chunks in the order of the file, found without an index."""
        seen = set[int]()
        yield Damage("the index", "it is damaged or truncated; the chunks are searched for one by one.", 0)
        for record in self._reader.records():
            if isinstance(record, Gap):
                yield _unreadable(record, None)
            elif record.kind == "chnk":
                chunk = self._chunk(record, f"the chunk at byte {record.start}", None)
                if isinstance(chunk, Chunk):
                    if chunk.directory.first in seen:
                        continue
                    seen.add(chunk.directory.first)
                yield chunk

    def _chunk(self, record: Record, where: str, images: int | None) -> Chunk | Damage:
        try:
            return Chunk(directory_at(self._reader, record, self.shape), record)
        except ArchiveError as error:
            return Damage(where, str(error), images)


def _in_words(numbers: range) -> str:
    return f"images {numbers.start + 1} to {numbers.stop}"


def _unreadable(gap: Gap, images: int | None) -> Damage:
    return Damage(f"bytes {gap.start} to {gap.end}", "the bytes are not a readable record.", images)
