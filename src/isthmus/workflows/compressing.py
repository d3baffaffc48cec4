"""Compressing images with a run, without loss: into an archive."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.codec import (
    CHUNK_IMAGES,
    MOST_IMAGES,
    CodecModel,
    Item,
    RecordReader,
    Tally,
    model_of,
    write_archive,
)
from isthmus.data import Data, Skipped, open_images
from isthmus.data.decoding import UnreadableError
from isthmus.data.entries import Collection
from isthmus.data.opening import locate
from isthmus.errors import UsageError
from isthmus.progress import progress_bar
from isthmus.runs import Run
from isthmus.storage import atomic_file, require_free

SUFFIX = ".isth"
READ = 500
"""Images read from an array at once."""
_CHANNELS = {"1": 1, "L": 1, "RGB": 3, "RGBA": 4}


@dataclass(frozen=True)
class Compressed:
    """What was compressed, and into how much.

    Attributes:
        path: The archive.
        tally: The images that were added, and what they took.
        size: The archive's bytes.
        model_bytes: Of them, the model's; where it is not inside, what it would take.
        embedded: Whether the model is inside.
        images: Images in the archive.
        seconds: How long it took.
        notes: What there is to know of the images.
        skipped: Files that could not be read, and are not in the archive.
    """

    path: Path
    tally: Tally
    size: int
    model_bytes: int
    embedded: bool
    images: int
    seconds: float
    notes: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


def compress(
    run: Run,
    data: Data,
    out: str | Path,
    *,
    threshold: bool = False,
    embed: bool = False,
    append: bool = False,
    chunk_images: int = CHUNK_IMAGES,
    threads: int | None = None,
) -> Compressed:
    """Compress images into an archive; they come back exactly.

    Image files of the run's own shape and channels are coded by their pixels; files of any other kind are kept byte by
    byte.  Arrays that the model cannot code are packed without it.

    Args:
        run: A VAE whose likelihood gives levels a probability.
        data: Whatever `isthmus.data.open_images` takes; of a set with test images those.
        out: The archive; must not exist, unless it is appended to.
        threshold: Make images black and white first, as the run's recipe does: what comes back are those.
        embed: Put the model into the archive, so that nothing else is needed to read it.
        append: Add to the archive at `out`.
        chunk_images: Images in a chunk: more take fewer bits, fewer are lost together.
        threads: Chunks coded at once; by default one on each core.

    Raises:
        UsageError: If `out` exists, there is no such data, or the run takes grey and is asked for black and white.
        RunError: If the run's model cannot code.
        DataError: If the images are damaged.
        ArchiveError: If the archive to append to is damaged, or of another model.
        StorageError: If the archive cannot be written.
    """
    begun, out = time.perf_counter(), Path(out)
    require_suffix(out)
    if not 1 <= chunk_images <= MOST_IMAGES:
        raise UsageError(f"expected a chunk of 1 to {MOST_IMAGES} images; got {chunk_images}")
    if append and not out.is_file():
        raise UsageError(f"there is no archive {out} to append to.")
    if not append:
        require_free(out)
    model = model_of(run)
    if threshold and not model.two_levels:
        raise UsageError(f"{run.path} codes grey levels: leave --threshold out, and nothing is lost.")
    reading = _Reading(model, data, threshold)
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic_file(out, durable=True))
        before = stack.enter_context(RecordReader(out)) if append else None
        file = stack.enter_context(temporary.open("wb"))
        bar = stack.enter_context(progress_bar("compressing", reading.count))
        written = write_archive(
            file,
            model,
            reading.items(),
            name=run.path.resolve().name,
            embed=embed,
            chunk_images=chunk_images,
            threads=threads or os.cpu_count() or 1,
            before=before,
            progress=bar.update,
        )
        if not written.tally.images:
            raise UsageError(f"there is no image in {data!r:.100}.")
    return Compressed(
        out,
        written.tally,
        written.size,
        written.model_bytes or len(model.to_bytes()),
        written.model_bytes > 0,
        written.images,
        time.perf_counter() - begun,
        tuple(_notes(model, written.tally, reading, threshold)),
        tuple(reading.skipped),
    )


def require_suffix(out: Path) -> None:
    """Check that what is to be written says by its name what it is.

    Raises:
        UsageError: If it has another ending than `.isth`.
    """
    if out.suffix != SUFFIX:
        raise UsageError(f"expected --out to end in {SUFFIX}; got {out.name!r}")


class _Reading:
    """Images on their way into an archive.

    Args:
        model: What will code them.
        data: What a user names.
        threshold: Whether to make them black and white.
    """

    def __init__(self, model: CodecModel, data: Data, threshold: bool) -> None:
        self._model, self._threshold = model, threshold
        self._target, self._split = locate(data)
        self.skipped: list[Skipped] = []
        self.grey = 0
        self.files = 0
        self._source = None
        if not isinstance(self._target, Collection):
            images = open_images(data, "uint8")
            self._source = images.test or images.train

    @property
    def count(self) -> int | None:
        """How many there are; None before all files have been looked at."""
        return None if self._source is None else len(self._source)

    def items(self) -> Iterator[Item]:
        """The images, in order."""
        yield from self._from_array() if self._source is not None else self._from_files()

    def _from_array(self) -> Iterator[Item]:
        assert self._source is not None
        names = self._source.names
        for start in range(0, len(self._source), READ):
            images = self._source.read(np.arange(start, min(start + READ, len(self._source))))
            for offset, pixels in enumerate(images):
                yield Item(names[start + offset], self._made_crisp(np.asarray(pixels, np.uint8)))

    def _from_files(self) -> Iterator[Item]:
        assert isinstance(self._target, Collection)
        for entry in self._target.entries():
            if isinstance(entry, Skipped):
                self.skipped.append(entry)
                continue
            if self._split is not None and self._split not in (entry.split, entry.name.partition("/")[0].lower()):
                continue
            try:
                content = entry.load()
            except UnreadableError as fault:
                self.skipped.append(Skipped(entry.name, str(fault)))
                continue
            if isinstance(content, bytes):
                pixels = _plain_pixels(content, self._model.shape)
                if pixels is None:
                    self.files += 1
                    yield Item(entry.name, file=content)
                else:
                    yield Item(entry.name, self._made_crisp(pixels))
                continue
            array = np.asarray(content)
            yield Item(entry.name, self._made_crisp(array if array.ndim == 3 else array[..., None]))

    def _made_crisp(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not self._model.two_levels or pixels.shape != self._model.shape:
            return pixels
        if self._threshold:
            return self._model.crisp(pixels)
        self.grey += not bool(((pixels == 0) | (pixels == 255)).all())
        return pixels


def _plain_pixels(content: bytes, shape: tuple[int, int, int]) -> NDArray[np.uint8] | None:
    """An image file's pixels `(h, w, c)`, where they are all that it shows and of this shape; else None."""
    from PIL import Image

    height, width, channels = shape
    try:
        with Image.open(BytesIO(content)) as image:
            fits = image.size == (width, height) and _CHANNELS.get(image.mode) == channels
            if not fits or getattr(image, "n_frames", 1) != 1 or image.getexif().get(0x0112, 1) != 1:
                return None
            if "transparency" in image.info:
                return None
            return np.asarray(image.convert("L") if image.mode == "1" else image, np.uint8).reshape(shape)
    except Exception:  # whatever it is, it is kept as it is
        return None


def _notes(model: CodecModel, tally: Tally, reading: _Reading, threshold: bool) -> Iterator[str]:
    if reading.grey:
        yield (
            f"{_counted(reading.grey)} more levels than black and white, all that this model codes: packed without it. "
            "With --threshold images become black and white first, and come back so."
        )
    if threshold:
        yield "What comes back are the images made black and white (--threshold), not the grey ones."
    if tally.poor:
        yield f"{_counted(tally.poor)} so little of what the model learned that less room is taken without it."
    if reading.files:
        height, width, channels = model.shape
        yield f"files that are no {width}x{height}x{channels} images of 8 bits, kept as they are: {reading.files}."
    if reading.skipped:
        first = reading.skipped[0]
        yield f"files that could not be read, left out: {len(reading.skipped)}, {first.name} first ({first.reason})."


def _counted(count: int) -> str:
    return "1 image has" if count == 1 else f"{count} images have"
