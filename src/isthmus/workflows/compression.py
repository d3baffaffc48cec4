"""Compressing images with a run, into an archive: without loss, or as quantised codes."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from isthmus.codec import (
    CHUNK_IMAGES,
    MOST_IMAGES,
    Archive,
    ArchiveSummary,
    CodecModel,
    Tally,
    model_of,
    write_archive,
)
from isthmus.codec.lossy.archive import compress_codes
from isthmus.codec.lossy.quality import require_size_or_quality
from isthmus.codec.lossy.statistics import code_statistics
from isthmus.data import Data, Skipped
from isthmus.errors import UsageError
from isthmus.progress import progress_bar, tell
from isthmus.runs import Run, encode, require_continuous, require_unconditional
from isthmus.storage import atomic_file, locked, require_free, write_bytes
from isthmus.wording import spell_bytes, spell_count
from isthmus.workflows.datasets import open_given
from isthmus.workflows.intake import Intake

SUFFIX = ".isth"


@dataclass(frozen=True)
class Compressed:
    """A lossless archive that was written.

    Attributes:
        path: The archive.
        tally: The images that were added, and their sizes.
        size: Bytes of the archive.
        model_bytes: Bytes of the embedded model; if it is not embedded, the bytes that it would take.
        embedded: Whether the model is embedded; it is not if it codes none of the images.
        images: Images in the archive.
        seconds: Duration.
        notes: What users should know about their images.
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
class LossyCompressed:
    """A lossy archive that was written.

    Attributes:
        count: The number of images.
        path: The archive.
        size: Bytes of the archive.
        quality: How finely the codes were quantised, 1 to 100.
    """

    count: int
    path: Path
    size: int
    quality: int

    @property
    def bytes_per_image(self) -> float:
        """Bytes of the archive for each image."""
        return self.size / self.count


def compress(
    run: Run,
    data: Data,
    out: str | Path,
    *,
    threshold: bool = False,
    embed: bool = True,
    append: bool = False,
    chunk_images: int = CHUNK_IMAGES,
    threads: int | None = None,
) -> Compressed:
    """Compress images into an archive, without loss.

    Image files of the run's own shape and channels are coded by their pixels, unless the file is smaller; such files
    and those of any other kind are stored byte by byte.  Arrays that the model cannot code are stored without it.
    Arrays are decompressed as levels of 8 bits: floats have to be such levels already.  Of a file that is coded only
    the pixels are stored.

    Args:
        run: A VAE whose likelihood gives levels a probability.
        data: Whatever `isthmus.data.open_images` takes.  Of a set with test images only those are compressed.
        out: The archive; must not exist, unless `append`.
        threshold: Binarise images first, as the run's recipe does; decompression gives the binarised images.
        embed: Embed the model, so that nothing else is needed to read the archive.  Without it the run is needed as it
            is now: training it further makes the archive unreadable.
        append: Add to the archive at `out`.
        chunk_images: Images in a chunk: more take fewer bits, but are lost together.
        threads: Chunks coded at once; by default one on each core.

    Raises:
        UsageError: If `out` exists, there is no such data, or `threshold` is set for a run of grey images.
        RunError: If the run's model cannot code images.
        DataError: If the images are damaged, or floats that are not levels of 8 bits.
        ArchiveError: If the archive to append to is damaged, or of another model.
        StorageError: If the archive cannot be written.
    """
    begun, out = time.perf_counter(), Path(out)
    _require_suffix(out)
    if not 1 <= chunk_images <= MOST_IMAGES:
        raise UsageError(f"expected a chunk of 1 to {MOST_IMAGES} images; got {chunk_images}")
    _require_place(out, append)
    model = model_of(run)
    if threshold and not model.two_levels:
        raise UsageError(f"{run.path} codes grey levels: leave --threshold out, and nothing is lost.")
    intake = Intake(model, data, threshold)
    with ExitStack() as stack:
        stack.enter_context(_reserved(out, append))
        temporary = stack.enter_context(atomic_file(out, durable=True))
        before = stack.enter_context(Archive(out)) if append else None
        file = stack.enter_context(temporary.open("wb"))
        bar = stack.enter_context(progress_bar("compressing", intake.count))
        written = write_archive(
            file,
            model,
            intake.items(),
            name=run.path.resolve().name,
            embed=embed,
            chunk_images=chunk_images,
            threads=threads or os.cpu_count() or 1,
            before=before,
            progress=bar.update,
        )
        if not written.tally.images:
            raise UsageError(f"there is no image in {data!r:.100}.")
        grown = written.size - (before.size if before is not None else 0)
    return Compressed(
        out,
        written.tally,
        written.size,
        written.model_bytes or len(model.to_bytes()),
        written.model_bytes > 0,
        written.images,
        time.perf_counter() - begun,
        tuple(_notes(model, written, grown, intake, threshold, embed)),
        tuple(intake.skipped),
    )


def compress_lossy(
    run: Run, data: Data, out: str | Path, quality: int | None = None, bytes_per_image: float | None = None
) -> LossyCompressed:
    """Compress images into a lossy archive of their quantised codes.

    Args:
        run: The run that encodes the images.
        data: The images.
        out: The archive; must not exist.
        quality: From 1 to 100: every ten halve the step that codes are quantised with; 50 by default.
        bytes_per_image: Instead of a quality: bytes of the archive for each image, at most.

    Raises:
        UsageError: If `out` exists or does not end in `.isth`, the quality is out of range, the bytes are too few, the
            run is conditional, or its codes are discrete.
        DataError: If the images are damaged, or not of the run's shape.
    """
    require_unconditional(run, "an archive")
    require_continuous(run, "lossy compression, which quantises codes,")
    require_size_or_quality(quality, bytes_per_image)
    out = Path(out)
    _require_suffix(out)
    require_free(out)
    source = open_given(run, data).images
    statistics = code_statistics(run, encode(run, source).posterior)
    content, found = compress_codes(run, statistics, tuple(source.names), quality, bytes_per_image)
    with _reserved(out, append=False):
        write_bytes(out, content)
    return LossyCompressed(len(source), out, len(content), found)


def _require_suffix(out: Path) -> None:
    if out.suffix != SUFFIX:
        raise UsageError(f"expected --out to end in {SUFFIX}; got {out.name!r}")


def _require_place(out: Path, append: bool) -> None:
    if append and not out.is_file():
        raise UsageError(f"there is no archive {out} to append to.")
    if not append:
        require_free(out)


@contextmanager
def _reserved(out: Path, append: bool) -> Iterator[None]:
    """Let one process at a time write an archive, from checking what is there until it is replaced."""

    def before_waiting() -> None:
        tell(f"waiting for another process that is writing {out}")

    with locked(out.with_name(f".{out.stem[:40]}.lock"), before_waiting):
        _require_place(out, append)
        yield


def _notes(
    model: CodecModel, written: ArchiveSummary, grown: int, intake: Intake, threshold: bool, embed: bool
) -> Iterator[str]:
    tally = written.tally
    if tally.coded and not embed and not written.model_bytes:
        yield (
            "The model is not embedded: reading the archive needs this run as it is now. Training it further makes the "
            "archive unreadable."
        )
    if embed and not written.model_bytes:
        yield "The model is not embedded: it codes none of the images, so the archive is read without it."
    if intake.left_out:
        others = spell_count(intake.left_out, "training image")
        yield f"Only the test images were compressed. Append :train to the name to compress the {others} instead."
    if intake.grey:
        yield (
            f"{_counted(intake.grey)} more levels than black and white, which is all that this model codes: stored "
            "without it. --threshold binarises images first, and stores those."
        )
    if threshold:
        yield "Decompression gives the binarised images (--threshold), not the grey ones."
    if tally.poor:
        yield f"{_counted(tally.poor)} a smaller size without the model, and were stored without it."
    if tally.smaller:
        yield f"Images stored as their files, which are smaller: {tally.smaller}."
    if intake.files:
        height, width, channels = model.shape
        yield f"Files that are not 8-bit images of {width}x{height}x{channels}, stored byte by byte: {intake.files}."
    if intake.skipped:
        first = intake.skipped[0]
        yield f"Files that could not be read, left out: {len(intake.skipped)}, first {first.name} ({first.reason})."
    if grown > intake.input_bytes:
        with_model = written.model_bytes and grown == written.size  # when appending it may have been there before
        model_too = f", {spell_bytes(written.model_bytes)} of it the model" if with_model else ""
        larger = f"more than the {spell_bytes(intake.input_bytes)} of the input"
        yield f"This takes {spell_bytes(grown)}{model_too}: {larger}."


def _counted(count: int) -> str:
    return f"{spell_count(count, 'image')} {'has' if count == 1 else 'have'}"
