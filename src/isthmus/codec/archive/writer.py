"""Writing archives: images in, chunk by chunk, so that the memory needed does not grow with the archive."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from isthmus.codec.archive.chunk import encode_chunk
from isthmus.codec.archive.image import NamedImage
from isthmus.codec.archive.reader import Archive, Damage
from isthmus.codec.archive.records import FORMAT, RecordWriter
from isthmus.codec.archive.tally import Tally
from isthmus.codec.model.codec_model import CodecModel
from isthmus.codec.model.embedded import model_from_bytes
from isthmus.errors import ArchiveError, RunError
from isthmus.threads import ordered_map

CHUNK_IMAGES = 2000
"""Images in a chunk by default, at most."""
CHUNK_NUMBERS = 1 << 24
"""Numbers in the images of a chunk, at most, unless it has only one image."""


@dataclass(frozen=True)
class ArchiveSummary:
    """What was written.

    Attributes:
        tally: Of the images that were added.
        size: Bytes of the archive.
        model_bytes: Bytes of the embedded model; 0 if there is none.
        images: Images in the archive, earlier ones included.
    """

    tally: Tally
    size: int
    model_bytes: int
    images: int


def write_archive(
    file: BinaryIO,
    model: CodecModel,
    items: Iterable[NamedImage],
    *,
    name: str,
    embed: bool = True,
    chunk_images: int | None = None,
    threads: int = 1,
    before: Archive | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ArchiveSummary:
    """Write an archive of images.

    Args:
        file: An empty file, open for writing.
        model: What codes the images.
        items: The images in order, read as they are needed.
        name: The name of the run, for people.
        embed: Whether to embed the model, if it codes any of the images.
        chunk_images: Images in a chunk, at most; `CHUNK_IMAGES` by default.
        threads: Chunks coded at once; the archive does not depend on it.
        before: An archive of the same model whose images come first.
        progress: Called with the number of images done.

    Raises:
        ArchiveError: If `before` was made with another model, or is damaged.
        DataError: If an image is too large, or its name too long, for readers of archives.
        RunError: If the model is to be embedded, and is too large for readers.
    """
    head = {"format": FORMAT, "model": model.digest, "image": list(model.shape), "run": name, "dtype": "uint8"}
    stored_model = None
    if before is not None:
        before.require(model)
        _require_sound(before)
        head, stored_model = {**before.head, "format": FORMAT}, before.model_bytes()
    writer = RecordWriter(file, head)
    model_bytes = first = 0

    def add_chunk(content: bytes, images: int, coded: int) -> None:
        nonlocal model_bytes, first
        if coded and not model_bytes and (embed or stored_model):  # before the first chunk that needs it
            embedded = stored_model or _readable(model)
            writer.add("modl", embedded)
            model_bytes = len(embedded)
        writer.add_chunk(content, first, images)
        first += images

    if before is not None:
        for part in before.contents(before.chunks()):
            if isinstance(part, Damage):
                raise _damaged(before)
            chunk, content = part
            add_chunk(content, len(chunk.numbers), chunk.directory.coded)

    def encode(part: tuple[int, list[NamedImage]]) -> tuple[bytes, Tally]:
        return encode_chunk(model, part[1], part[0])

    tally = Tally()
    parts = _chunked(items, chunk_images or CHUNK_IMAGES, first)
    for content, added in ordered_map(encode, parts, threads, one_core_each=True):
        add_chunk(content, added.images, added.coded)
        tally += added
        progress(tally.images)
    writer.finish()
    return ArchiveSummary(tally, writer.size, model_bytes, first)


def _readable(model: CodecModel) -> bytes:
    """The model as bytes, once it is clear that readers accept them."""
    content = model.to_bytes()
    try:
        model_from_bytes(content)
    except ArchiveError as error:
        raise RunError(f"the model cannot be embedded: {error} Add --no-embed-model, and keep the run.") from None
    return content


def _require_sound(archive: Archive) -> None:
    """Check all of an archive but the contents of its chunks.

    Raises:
        ArchiveError: If anything is damaged or missing.
    """
    try:
        archive.model_bytes()
    except ArchiveError:
        raise _damaged(archive) from None
    if any(archive.faults()) or any(isinstance(chunk, Damage) for chunk in archive.chunks()):
        raise _damaged(archive)


def _damaged(archive: Archive) -> ArchiveError:
    return ArchiveError(f"{archive.path} is damaged; `isthmus verify` shows where. Nothing was appended to it.")


def _chunked(items: Iterable[NamedImage], most: int, first: int) -> Iterator[tuple[int, list[NamedImage]]]:
    """Lists of at most `most` images, and of at most `CHUNK_NUMBERS` numbers unless it is one image.

    Each comes with the number of its first image, counted from `first`.
    """
    chunk: list[NamedImage] = []
    numbers = 0
    for item in items:
        if chunk and (len(chunk) == most or numbers + item.size > CHUNK_NUMBERS):
            yield first, chunk
            first, chunk, numbers = first + len(chunk), [], 0
        chunk.append(item)
        numbers += item.size
    if chunk:
        yield first, chunk
