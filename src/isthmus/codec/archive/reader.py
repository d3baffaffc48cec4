"""Archives that are read: images out, chunk by chunk and in flat memory."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isthmus.codec.archive.chunk import Item, decode_chunk
from isthmus.codec.archive.directory import Directory, directory_at
from isthmus.codec.archive.escape import Shape
from isthmus.codec.archive.records import Gap, Place, RecordReader
from isthmus.codec.model.codec_model import CodecModel
from isthmus.codec.model.embedded import model_from_bytes
from isthmus.codec.packed_json import whole
from isthmus.errors import ArchiveError
from isthmus.threads import ordered_map


@dataclass(frozen=True)
class Damage:
    """Images that cannot be given back.

    Attributes:
        where: Which, in words.
        reason: Why.
        images: The number of images; None if it is unknown.
    """

    where: str
    reason: str
    images: int | None

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, eq=False)
class Chunk:
    """A chunk that has not been read but for its directory.

    Attributes:
        directory: What it says of itself.
        place: Where it lies.
    """

    directory: Directory
    place: Place

    @property
    def numbers(self) -> range:
        """Its images' numbers in the archive, from 0."""
        return range(self.directory.first, self.directory.first + len(self.directory.names))

    def damaged(self, reason: str) -> Damage:
        """What its images are if it cannot be read."""
        return Damage(_spelled(self.numbers), reason, len(self.numbers))


class Archive:
    """An archive, open for reading.

    Args:
        path: Where it is.

    Raises:
        ArchiveError: If it is none, from a newer isthmus, or its head is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = RecordReader(path)
        self.about = self._reader.about
        try:
            height, width, channels = (whole(side) for side in self.about["image"])
            self.shape: Shape = (height, width, channels)
            self.digest, self.run_name = str(self.about["model"]), str(self.about["run"])
            if min(self.shape) < 1:
                raise ValueError("no image is that small")
        except (KeyError, TypeError, ValueError):
            self._reader.__exit__()
            raise ArchiveError(f"{path}: the head does not describe the images of the archive.") from None
        self._index = self._reader.index()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._reader.size

    @property
    def count(self) -> int | None:
        """Its images, the damaged ones among them; None if the index is damaged, which tells."""
        return None if self._index is None else sum(images for _, _, images in self._index)

    @property
    def holds_model(self) -> bool:
        """Whether a model is inside; whether it is sound shows when it is read."""
        return isinstance(self._model_place, Place)

    @property
    def needs_model(self) -> bool:
        """Whether a model coded any of the images; without it the others can be read all the same."""
        return any(isinstance(chunk, Chunk) and chunk.directory.coded for chunk in self.chunks())

    def embedded(self) -> CodecModel | None:
        """The model within it; None if there is none.

        Raises:
            ArchiveError: If it is damaged, or not the one that the images were coded by.
        """
        place = self._model_place
        if place is None:
            return None
        try:
            if isinstance(place, Gap):
                raise ArchiveError("the record where it may have been is unreadable.")
            model = model_from_bytes(self._reader.read(place))
        except ArchiveError as error:
            raise ArchiveError(
                f"the model inside {self.path} cannot be read: {error} Give the run that the archive was made with "
                f"({self.run_name!r}): --run RUN"
            ) from None
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
                f"{model.digest[:12]}. Give the run that it was made with: --run RUN"
            )

    def chunks(self) -> Iterator[Chunk | Damage]:
        """The chunks in the order of their images, or what is wrong with one.

        Of each the directory alone is read; whether the rest is sound shows when that is.
        """
        return self._searched() if self._index is None else self._indexed(self._index)

    def contents(self, chunks: Iterable[Chunk | Damage]) -> Iterator[tuple[Chunk, bytes] | Damage]:
        """Chunks with what is in them, each read and its checksum looked at; damage is passed on."""
        for chunk in chunks:
            yield chunk if isinstance(chunk, Damage) else self._content(chunk)

    def items(
        self, model: CodecModel | None, chunks: Iterable[Chunk | Damage], threads: int = 1
    ) -> Iterator[tuple[Directory, list[Item]] | Damage]:
        """The images of chunks, decoded, chunk by chunk; damage is passed on.

        Args:
            model: The one that the archive was made with; without it chunks that need it are damage.
            chunks: The chunks.
            threads: Chunks decoded at once.

        Raises:
            ArchiveError: If the model is another one than the archive was made with.
        """
        if model is not None:
            self.require(model)

        def decode(read: tuple[Chunk, bytes] | Damage) -> tuple[Directory, list[Item]] | Damage:
            if isinstance(read, Damage):
                return read
            chunk, content = read
            try:
                return chunk.directory, decode_chunk(model, content, self.shape)
            except ArchiveError as error:
                return chunk.damaged(str(error))

        yield from ordered_map(decode, self.contents(chunks), threads, one_core_each=True)

    def faults(self) -> Iterator[Damage]:
        """What is wrong beside the chunks and the model of a sound index, where nothing else looks."""
        if self._index is None:
            return
        told = [start for start, _, _ in self._index]
        model = self._model_place
        for place in self._reader.places():
            if isinstance(place, Gap):
                if bisect_left(told, place.start) == bisect_left(told, place.end):
                    yield Damage(f"bytes {place.start} to {place.end}", "the bytes are not a readable record.", 0)
            elif place.kind == "chnk":
                if place.start not in told[bisect_left(told, place.start) :][:1]:
                    yield Damage(f"the chunk at byte {place.start}", "the index does not list it.", None)
            elif place != model and (reason := self._fault(place)):
                yield Damage(f"the record at byte {place.start}", reason, 0)

    @cached_property
    def _model_place(self) -> Place | Gap | None:
        """The model's record, or the damage that stands where it may have been; None if there is neither.

        It stands before the first chunk whose images need it.
        """
        gap = None
        for place in self._reader.places():
            if isinstance(place, Gap):
                gap = gap or place
            elif place.kind == "modl":
                return place
            elif place.kind == "chnk" and self._is_coded(place):
                break
        return gap

    def _is_coded(self, place: Place) -> bool:
        chunk = self._chunk(place, "", None)
        return isinstance(chunk, Chunk) and chunk.directory.coded > 0

    def _content(self, chunk: Chunk) -> tuple[Chunk, bytes] | Damage:
        try:
            return chunk, self._reader.read(chunk.place)
        except ArchiveError as error:
            return chunk.damaged(str(error))

    def _fault(self, place: Place) -> str:
        """What is wrong with a record; empty if it is sound."""
        try:
            self._reader.read(place)
        except ArchiveError as error:
            return str(error)
        return ""

    def _indexed(self, index: list[tuple[int, int, int]]) -> Iterator[Chunk | Damage]:
        ends = [*(start for start, _, _ in index), self._reader.size][1:]
        for (start, first, images), end in zip(index, ends, strict=True):
            numbers = range(first, first + images)
            place = self._reader.at(start)
            if place is None or place.kind != "chnk" or place.end > end:
                yield Damage(_spelled(numbers), "the chunk's record is damaged.", images)
                continue
            chunk = self._chunk(place, _spelled(numbers), images)
            if isinstance(chunk, Chunk) and chunk.numbers != numbers:
                chunk = Damage(_spelled(numbers), "another chunk is in its place.", images)
            yield chunk

    def _searched(self) -> Iterator[Chunk | Damage]:
        """Without an index: record by record, in the file's order."""
        seen = set[int]()
        yield Damage("the index", "it is damaged or truncated; the chunks are searched for one by one.", 0)
        for place in self._reader.places():
            if isinstance(place, Gap):
                yield Damage(f"bytes {place.start} to {place.end}", "the bytes are not a readable record.", None)
            elif place.kind == "chnk":
                chunk = self._chunk(place, f"the chunk at byte {place.start}", None)
                if isinstance(chunk, Chunk):
                    if chunk.directory.first in seen:
                        continue
                    seen.add(chunk.directory.first)
                yield chunk

    def _chunk(self, place: Place, where: str, images: int | None) -> Chunk | Damage:
        try:
            return Chunk(directory_at(self._reader, place, self.shape), place)
        except ArchiveError as error:
            return Damage(where, str(error), images)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive for reading.

    Raises:
        ArchiveError: If it is none, from a newer isthmus, or its head is damaged.
    """
    with Archive(path) as archive:
        yield archive


def _spelled(numbers: range) -> str:
    return f"images {numbers.start + 1} to {numbers.stop}"
