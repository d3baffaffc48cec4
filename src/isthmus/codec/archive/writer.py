"""Images into an archive, chunk by chunk and in flat memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from isthmus.codec.archive.chunk import Item, Tally, encode_chunk
from isthmus.codec.archive.directory import directory_at
from isthmus.codec.archive.escape import Shape
from isthmus.codec.archive.records import FORMAT, Place, RecordReader, RecordWriter
from isthmus.codec.model.codec_model import CodecModel
from isthmus.codec.model.embedded import model_from_bytes
from isthmus.errors import ArchiveError, RunError
from isthmus.threads import ordered_map

CHUNK_IMAGES = 2000
"""Images in a chunk by default, at most."""
CHUNK_NUMBERS = 1 << 24
"""Numbers in the images of a chunk, at most, unless it is of one image."""


@dataclass(frozen=True)
class Written:
    """What an archive came to.

    Attributes:
        tally: Of the images that were added.
        size: The archive's bytes.
        model_bytes: Of them, the model's; 0 if it is not inside.
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
    embed: bool = True,
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
        embed: Whether the archive is to hold the model, if it codes any of the images.
        chunk_images: Images in a chunk.
        threads: Chunks coded at once; the archive is the same whatever their number.
        before: An archive of the same model whose records come first.
        progress: Told the number of images done.

    Raises:
        ArchiveError: If `before` is of another model, or damaged.
        DataError: If an image is too large, or its name too long, for any reader of archives.
        RunError: If the model is to be inside, and is too large for any reader.
    """
    if before is not None and before.about.get("model") != model.digest:
        raise ArchiveError(
            f"{before.path} was made with the model {str(before.about.get('model'))[:12]}, and this run's is "
            f"{model.digest[:12]}. Append with the run that it was made with."
        )
    about = _about(model, name) if before is None else {**before.about, "format": FORMAT}
    old = _Records(None, ()) if before is None else _whole_records(before, model.shape)
    writer = RecordWriter(file, about)
    model_bytes = 0

    def add_chunk(content: bytes, first: int, images: int, coded: int) -> None:
        nonlocal model_bytes
        if coded and not model_bytes and (embed or old.model):  # readers look for it before the chunks that need it
            inside = _readable(model) if before is None or old.model is None else _read(before, old.model)
            writer.add("modl", inside)
            model_bytes = len(inside)
        writer.add_chunk(content, first, images)

    first = 0
    for place, images, coded in old.chunks:
        assert before is not None
        add_chunk(_read(before, place), first, images, coded)
        first += images

    def encode(part: tuple[int, Sequence[Item]]) -> tuple[bytes, Tally]:
        return encode_chunk(model, part[1], part[0])

    tally = Tally()
    at = first
    parts = _numbered(_chunked(items, chunk_images or CHUNK_IMAGES), first)
    for chunk, of_chunk in ordered_map(encode, parts, threads, one_core_each=True):
        add_chunk(chunk, at, of_chunk.images, of_chunk.coded)
        at += of_chunk.images
        tally += of_chunk
        progress(tally.images)
    writer.finish()
    return Written(tally, writer.size, model_bytes, at)


def _about(model: CodecModel, name: str) -> dict[str, Any]:
    return {"format": FORMAT, "model": model.digest, "image": list(model.shape), "run": name, "dtype": "uint8"}


def _readable(model: CodecModel) -> bytes:
    """A model's bytes, after a look at whether readers take them."""
    content = model.to_bytes()
    try:
        model_from_bytes(content)
    except ArchiveError as error:
        raise RunError(f"the model cannot be embedded: {error} Add --no-embed-model, and keep the run.") from None
    return content


@dataclass(frozen=True)
class _Records:
    """What an archive consists of.

    Attributes:
        model: Where its model lies; None if it is not inside.
        chunks: Where each chunk lies, how many images it has, and how many of them the model coded.
    """

    model: Place | None
    chunks: Sequence[tuple[Place, int, int]]


def _whole_records(reader: RecordReader, shape: Shape) -> _Records:
    """The records of an archive that nothing is missing from.

    The index is the witness: an archive that is cut between two records has no damaged one.
    """
    model = None
    chunks: list[tuple[Place, int, int]] = []
    told: list[tuple[int, int, int]] = []
    for place in reader.places():
        if not isinstance(place, Place):
            raise _damaged(reader)
        if place.kind == "modl":
            model = place
        elif place.kind == "chnk":
            try:
                directory = directory_at(reader, place, shape)
            except ArchiveError:
                raise _damaged(reader) from None
            chunks.append((place, len(directory.names), directory.coded))
            told.append((place.start, directory.first, len(directory.names)))
    if reader.index() != told:
        raise _damaged(reader)
    return _Records(model, chunks)


def _read(reader: RecordReader, place: Place) -> bytes:
    try:
        return reader.read(place)
    except ArchiveError:
        raise _damaged(reader) from None


def _damaged(reader: RecordReader) -> ArchiveError:
    return ArchiveError(f"{reader.path} is damaged; `isthmus verify` shows where. Nothing was appended to it.")


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
