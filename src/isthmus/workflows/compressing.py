"""Compressing images with a run, without loss: into an archive and out of it."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.codec import (
    CHUNK_IMAGES,
    MOST_IMAGES,
    CodecModel,
    Damage,
    Directory,
    Item,
    RecordReader,
    Tally,
    model_of,
    open_archive,
    safe_path,
    write_archive,
)
from isthmus.data import Data, Skipped, open_images
from isthmus.data.decoding import UnreadableError
from isthmus.data.entries import Collection
from isthmus.data.opening import locate
from isthmus.errors import ArchiveError, UsageError
from isthmus.pictures.sheets import save
from isthmus.progress import progress_bar, tell
from isthmus.runs import Run
from isthmus.storage import atomic_file, new_folder, require_free

SUFFIX = ".isth"
READ = 500
"""Images read from an array at once."""
_MODES = {"1": 1, "L": 1, "RGB": 3, "RGBA": 4}


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


@dataclass(frozen=True)
class Listing:
    """What an archive holds."""

    path: Path
    run_name: str
    model: str
    embedded: bool
    shape: tuple[int, int, int]
    size: int
    chunks: int
    coded: int
    names: tuple[str, ...]
    shapes: tuple[tuple[int, int, int] | None, ...]
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True)
class Restored:
    """What was given back, and what could not be."""

    path: Path | None
    count: int
    damage: tuple[Damage, ...] = ()
    renamed: tuple[str, ...] = field(default=())


def compress(
    run: Run,
    data: Data,
    out: Path,
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
    begun = time.perf_counter()
    if out.suffix != SUFFIX:
        raise UsageError(f"expected --out to end in {SUFFIX}; got {out.name!r}")
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


def decompress(
    path: Path, out: Path, run: Run | None = None, *, only: Sequence[str] = (), threads: int | None = None
) -> Restored:
    """Give the images of an archive back: a file for each in a new folder, or one array in an `.npy`.

    Args:
        path: The archive.
        out: The folder or the `.npy` to make; must not exist.
        run: The run that it was made with, if the model is not inside.
        only: Names or numbers (from 1) of the images wanted; by default all.
        threads: Chunks decoded at once; by default one on each core.

    Returns:
        What was written, and which images are damaged; those that are not are written all the same.

    Raises:
        UsageError: If `out` exists, the model is missing, or an image that is wanted is not there.
        ArchiveError: If the archive cannot be read at all, or is of another model.
        StorageError: If the place cannot be written to.
    """
    require_free(out)
    with open_archive(path) as archive:
        model = archive.embedded() if run is None else model_of(run)
        if model is None:
            raise UsageError(
                f"{path} does not hold its model. Give the run that it was made with ({archive.run_name!r}): --run RUN"
            )
        wish = _Wish(only)
        total = sum(len(chunk[0].names) for chunk in archive.chunks() if not isinstance(chunk, Damage))
        damage: list[Damage] = []
        with ExitStack() as stack:
            bar = stack.enter_context(progress_bar("decompressing", total if not only else None))
            writer: _Folder | _Array
            if out.suffix == ".npy":
                count = len(only) if only else total
                temporary = stack.enter_context(atomic_file(out))
                writer = _Array(temporary, (count, *archive.shape))
            else:
                writer = _Folder(stack.enter_context(new_folder(out)))
            for chunk in archive.items(model, threads or os.cpu_count() or 1, wish.concerns):
                if isinstance(chunk, Damage):
                    damage.append(chunk)
                    continue
                directory, items = chunk
                for place, item in enumerate(items):
                    if wish.takes(directory.first + place, item.name):
                        writer.write(item)
                bar.update(writer.count)
            if wish.missing and not damage:
                raise UsageError(f"there is no image {sorted(wish.missing)[0]!r} in {path}; `isthmus list` names all.")
            writer.close()
    return Restored(out, writer.count, tuple(damage), tuple(writer.renamed))


def list_archive(path: Path) -> Listing:
    """What an archive holds, without decoding it.

    Raises:
        ArchiveError: If it cannot be read at all.
    """
    with open_archive(path) as archive:
        names: list[str] = []
        shapes: list[tuple[int, int, int] | None] = []
        damage: list[Damage] = []
        chunks = coded = 0
        for chunk in archive.chunks():
            if isinstance(chunk, Damage):
                damage.append(chunk)
                continue
            directory = chunk[0]
            chunks += 1
            coded += directory.coded
            names += directory.names
            shapes += directory.shapes(archive.shape)
        embedded = archive.embedded() is not None
        return Listing(
            path,
            archive.run_name,
            archive.digest,
            embedded,
            archive.shape,
            archive.size,
            chunks,
            coded,
            tuple(names),
            tuple(shapes),
            tuple(damage),
        )


def verify(path: Path, run: Run | None = None, threads: int | None = None) -> Restored:
    """Check an archive: every checksum, and where the model is at hand every pixel.

    Raises:
        ArchiveError: If it cannot be read at all, or the run is another one than it was made with.
    """
    with open_archive(path) as archive:
        model = archive.embedded() if run is None else model_of(run)
        damage: list[Damage] = []
        count = 0
        chunks = archive.chunks() if model is None else archive.items(model, threads or os.cpu_count() or 1)
        with progress_bar("verifying", None) as bar:
            for chunk in chunks:
                if isinstance(chunk, Damage):
                    damage.append(chunk)
                    continue
                count += len(chunk[0].names)
                bar.update(count)
        if model is None:
            tell(f"{path} does not hold its model, so its pixels were not decoded; give the run to check them too.")
    return Restored(None, count, tuple(damage))


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
            if self._split is not None and self._split not in (entry.split, entry.name.partition("/")[0]):
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


class _Wish:
    """Which images are wanted, by name or by number from 1."""

    def __init__(self, only: Sequence[str]) -> None:
        self._all = not only
        self.missing = set(only)

    def concerns(self, directory: Directory) -> bool:
        """Whether any image of a chunk is wanted."""
        if self._all:
            return True
        numbers = {str(directory.first + place + 1) for place in range(len(directory.names))}
        return bool(self.missing & (numbers | set(directory.names)))

    def takes(self, number: int, name: str) -> bool:
        """Whether an image is wanted; each is asked about once."""
        if self._all:
            return True
        found = self.missing & {name, str(number + 1)}
        self.missing -= found
        return bool(found)


class _Folder:
    """Writes images as files under their names."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.count, self.renamed = folder, 0, list[str]()

    def write(self, item: Item) -> None:
        """Write one."""
        path = self._folder / safe_path(item.name)
        if item.pixels is not None:
            path = path.with_suffix(".png") if path.suffix.lower() in _IMAGE_SUFFIXES else Path(f"{path}.png")
        free, n = path, 1
        while free.exists():
            n += 1
            free = path.with_name(f"{path.stem}-{n}{path.suffix}")
        if free != path:
            self.renamed.append(free.name)
        free.parent.mkdir(parents=True, exist_ok=True)
        if item.pixels is None:
            free.write_bytes(item.file or b"")
        else:
            save(_as_picture(item.pixels), free)
        self.count += 1

    def close(self) -> None:
        """Nothing is left to do."""


class _Array:
    """Writes images into one array."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        self.count, self.renamed = 0, list[str]()

    def write(self, item: Item) -> None:
        """Write one."""
        if item.pixels is None or item.pixels.shape != self._array.shape[1:]:
            raise UsageError(
                f"{item.name!r} is of another shape than the rest: give --out a folder instead of an .npy."
            )
        self._array[self.count] = item.pixels
        self.count += 1

    def close(self) -> None:
        """Write what is left; an array with gaps is none.

        Raises:
            ArchiveError: If images are missing.
        """
        self._array.flush()
        if self.count != len(self._array):
            raise ArchiveError("some images are damaged, and an array has no gaps: give --out a folder instead.")


_IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def _plain_pixels(content: bytes, shape: tuple[int, int, int]) -> NDArray[np.uint8] | None:
    """An image file's pixels `(h, w, c)`, where they are all that it shows and of this shape; else None."""
    from PIL import Image

    height, width, channels = shape
    try:
        with Image.open(BytesIO(content)) as image:
            fits = image.size == (width, height) and _MODES.get(image.mode) == channels
            if not fits or getattr(image, "n_frames", 1) != 1 or image.getexif().get(0x0112, 1) != 1:
                return None
            if "transparency" in image.info:
                return None
            return np.asarray(image.convert("L") if image.mode == "1" else image, np.uint8).reshape(shape)
    except Exception:  # whatever it is, it is kept as it is
        return None


def _as_picture(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def _notes(model: CodecModel, tally: Tally, reading: _Reading, threshold: bool) -> Iterator[str]:
    if reading.grey:
        yield (
            f"{reading.grey} images have more levels than black and white, all that this model codes: they are packed "
            "without it. With --threshold they become black and white first, and come back so."
        )
    if threshold:
        yield "What comes back are the images made black and white (--threshold), not the grey ones."
    if tally.poor:
        yield f"{tally.poor} images are so unlike those that the model learned that they are smaller without it."
    if reading.files:
        height, width, channels = model.shape
        yield f"{reading.files} files are not {width}x{height}x{channels} images of 8 bits: they are kept as they are."
    if reading.skipped:
        first = reading.skipped[0]
        yield f"{len(reading.skipped)} could not be read and are left out, {first.name} first ({first.reason})."
