"""Archives as a whole: images in, images out, chunk by chunk and in flat memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from isthmus.codec.chunks import Directory, Item, Tally, decode_chunk, encode_chunk, read_directory
from isthmus.codec.container import FORMAT, Gap, Place, RecordReader, RecordWriter
from isthmus.codec.escape import Shape
from isthmus.codec.models import CodecModel, model_from_bytes
from isthmus.errors import ArchiveError

CHUNK_IMAGES = 2000
"""Images in a chunk by default, at most."""
CHUNK_NUMBERS = 1 << 24
"""Numbers in the images of a chunk, at most, unless it is of one image."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Damage:
    """Images that cannot be given back.

    Attributes:
        where: Which, in words.
        reason: Why.
        images: How many; None if nobody knows.
    """

    where: str
    reason: str
    images: int | None

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True)
class Written:
    """What an archive came to.

    Attributes:
        tally: Of the images that were added.
        size: The archive's bytes.
        model_bytes: Of them, the model's.
        images: Images in it, those that were there before among them.
    """

    tally: Tally
    size: int
    model_bytes: int
    images: int


def write_archive(
    file: BinaryIO,
    model: CodecModel,
    items: Iterable[Item],
    *,
    name: str,
    embed: bool = False,
    chunk_images: int | None = None,
    threads: int = 1,
    before: RecordReader | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write an archive of images.

    Args:
        file: Where to.
        model: What codes them.
        items: The images, in order; they are read as they are needed.
        name: Of the run, for people.
        embed: Whether the archive is to hold the model.
        chunk_images: Images in a chunk.
        threads: Chunks coded at once; the archive is the same whatever their number.
        before: An archive of the same model whose records come first.
        progress: Told the number of images done.

    Raises:
        ArchiveError: If `before` is of another model, or damaged.
    """
    if before is not None and before.about.get("model") != model.digest:
        raise ArchiveError(
            f"{before.path} was made with the model {str(before.about.get('model'))[:12]}, and this run's is "
            f"{model.digest[:12]}. Append with the run that it was made with."
        )
    about = before.about if before is not None else _about(model, name)
    writer = RecordWriter(file, about)
    first = model_bytes = 0
    for kind, content, images in _records(before, model.shape):
        model_bytes += len(content) if kind == "modl" else 0
        if kind == "chnk":
            writer.add_chunk(content, first, images)
            first += images
        else:
            writer.add("modl", content)
    if embed and not model_bytes:
        content = model.to_bytes()
        model_bytes = len(content)
        writer.add("modl", content)

    def encode(part: tuple[int, Sequence[Item]]) -> tuple[bytes, Tally]:
        return encode_chunk(model, part[1], part[0])

    tally = Tally()
    at = first
    parts = _numbered(_chunked(items, chunk_images or CHUNK_IMAGES), first)
    for content, of_chunk in _ahead(encode, parts, threads):
        writer.add_chunk(content, at, of_chunk.images)
        at += of_chunk.images
        tally += of_chunk
        progress(tally.images)
    writer.finish()
    return Written(tally, writer.size, model_bytes, at)


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
            height, width, channels = (int(side) for side in self.about["image"])
            self.shape: Shape = (height, width, channels)
            self.digest, self.run_name = str(self.about["model"]), str(self.about["run"])
        except (KeyError, TypeError, ValueError):
            self._reader.__exit__()
            raise ArchiveError(f"{path}: the head does not say what the archive holds.") from None

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._reader.size

    def embedded(self) -> CodecModel | None:
        """The model within it; None if there is none.

        Raises:
            ArchiveError: If it is damaged.
        """
        for place in self._reader.places():
            if isinstance(place, Gap):
                raise ArchiveError(
                    f"{self.path} is damaged before its first chunk, where its model may have been. Give the run that "
                    f"it was made with ({self.run_name!r}): --run RUN"
                )
            if place.kind == "modl":
                model = model_from_bytes(self._reader.read(place))
                self.require(model)
                return model
            if place.kind == "chnk":
                break
        return None

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

    def chunks(self) -> Iterator[tuple[Directory, bytes] | Damage]:
        """The chunks in the order of their images, each with its directory, or what is wrong with it."""
        index = self._reader.index()
        if index is None:
            yield from self._searched()
            return
        for start, first, images in sorted(index, key=lambda entry: entry[1]):
            place = self._reader.at(start)
            where = f"images {first + 1} to {first + images}"
            if place is None or place.kind != "chnk":
                yield Damage(where, "the chunk's record is damaged.", images)
                continue
            read = self._chunk(place, where)
            if isinstance(read, tuple) and (read[0].first, len(read[0].names)) != (first, images):
                read = Damage(where, "another chunk stands in its place.", images)
            yield read

    def items(
        self, model: CodecModel, threads: int = 1, wanted: Callable[[Directory], bool] = lambda _: True
    ) -> Iterator[tuple[Directory, list[Item]] | Damage]:
        """The images, chunk by chunk, decoded; `wanted` says of which chunks.

        Raises:
            ArchiveError: If the model is another one than the archive was made with.
        """
        self.require(model)

        def decode(chunk: tuple[Directory, bytes] | Damage) -> tuple[Directory, list[Item]] | Damage:
            if isinstance(chunk, Damage):
                return chunk
            directory, content = chunk
            try:
                return directory, decode_chunk(model, content)
            except ArchiveError as error:
                count = len(directory.names)
                return Damage(f"images {directory.first + 1} to {directory.first + count}", str(error), count)

        chunks = (chunk for chunk in self.chunks() if isinstance(chunk, Damage) or wanted(chunk[0]))
        yield from _ahead(decode, chunks, threads)

    def _chunk(self, place: Place, where: str) -> tuple[Directory, bytes] | Damage:
        try:
            content = self._reader.read(place)
            return read_directory(content, self.shape), content
        except ArchiveError as error:
            return Damage(where, str(error), None)

    def _searched(self) -> Iterator[tuple[Directory, bytes] | Damage]:
        """Without an index: record by record, in the file's order."""
        seen = set[int]()
        yield Damage("the index", "it is damaged or cut off; the chunks are looked for one by one.", 0)
        for place in self._reader.places():
            if isinstance(place, Gap):
                yield Damage(f"bytes {place.start} to {place.end}", "there is no record that can be read.", None)
            elif place.kind == "chnk":
                read = self._chunk(place, f"the chunk at byte {place.start}")
                if isinstance(read, tuple):
                    if read[0].first in seen:
                        continue
                    seen.add(read[0].first)
                yield read


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive for reading.

    Raises:
        ArchiveError: If it is none, from a newer isthmus, or its head is damaged.
    """
    with Archive(path) as archive:
        yield archive


def _about(model: CodecModel, name: str) -> dict[str, Any]:
    return {"format": FORMAT, "model": model.digest, "image": list(model.shape), "run": name, "dtype": "uint8"}


def _records(reader: RecordReader | None, shape: Shape) -> Iterator[tuple[str, bytes, int]]:
    """The records of an archive that another begins with: kind, content and images."""
    if reader is None:
        return
    for place in reader.places():
        if isinstance(place, Gap):
            raise ArchiveError(f"{reader.path} is damaged; `isthmus verify` tells where. Nothing is appended to it.")
        if place.kind == "indx":
            continue
        content = reader.read(place)
        images = len(read_directory(content, shape).names) if place.kind == "chnk" else 0
        yield place.kind, content, images


def _chunked(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """Lists of so many items at most, and of so many numbers unless it is one."""
    chunk: list[Item] = []
    numbers = 0
    for item in items:
        if chunk and (len(chunk) == most or numbers + item.size > CHUNK_NUMBERS):
            yield chunk
            chunk, numbers = [], 0
        chunk.append(item)
        numbers += item.size
    if chunk:
        yield chunk


def _numbered(chunks: Iterable[list[Item]], first: int) -> Iterator[tuple[int, list[Item]]]:
    for chunk in chunks:
        yield first, chunk
        first += len(chunk)


def _ahead(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Map a function over items in threads, no further ahead than there are threads; the results keep the order.

    Each computes on one core: a library of linear algebra that spreads over all cores as well would only stand in the
    way.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        source = iter(items)
        waiting: deque[Future[R]] = deque(pool.submit(function, item) for item in islice(source, threads))
        try:
            while waiting:
                result = waiting.popleft().result()
                for item in islice(source, 1):
                    waiting.append(pool.submit(function, item))
                yield result
        finally:
            for future in waiting:
                future.cancel()
