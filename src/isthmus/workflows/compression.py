"""Compressing images with a run, without loss: into an archive."""

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
from isthmus.data import Data, Skipped
from isthmus.errors import UsageError
from isthmus.progress import progress_bar, tell
from isthmus.runs import Run
from isthmus.storage import atomic_file, locked, require_free
from isthmus.wording import spell_bytes
from isthmus.workflows.intake import Intake

SUFFIX = ".isth"


@dataclass(frozen=True)
class Compressed:
    """What was compressed, and into how much.

    Attributes:
        path: The archive.
        tally: The images that were added, and what they took.
        size: The archive's bytes.
        model_bytes: Of them, the model's; where it is not inside, what it would take.
        embedded: Whether the model is inside; it is not if it codes none of the images.
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
    embed: bool = True,
    append: bool = False,
    chunk_images: int = CHUNK_IMAGES,
    threads: int | None = None,
) -> Compressed:
    """Compress images into an archive; they come back exactly.

    Image files of the run's own shape and channels are coded by their pixels, unless the file is smaller; such files
    and those of any other kind are kept byte by byte.  Arrays that the model cannot code are packed without it.  What
    comes back of arrays are levels of 8 bits: floats have to be such levels already.  Of a file that is coded nothing
    but its pixels is kept.

    Args:
        run: A VAE whose likelihood gives levels a probability.
        data: Whatever `isthmus.data.open_images` takes; of arrays that come split into training and test images the
            latter.
        out: The archive; must not exist, unless it is appended to.
        threshold: Make images black and white first, as the run's recipe does: what comes back are those.
        embed: Put the model into the archive, so that nothing else is needed to read it.  Without it the run is needed
            as it is now: training it further makes the archive unreadable.
        append: Add to the archive at `out`.
        chunk_images: Images in a chunk: more take fewer bits, fewer are lost together.
        threads: Chunks coded at once; by default one on each core.

    Raises:
        UsageError: If `out` exists, there is no such data, or the run takes grey and is asked for black and white.
        RunError: If the run's model cannot code.
        DataError: If the images are damaged, or floats that are no whole levels.
        ArchiveError: If the archive to append to is damaged, or of another model.
        StorageError: If the archive cannot be written.
    """
    begun, out = time.perf_counter(), Path(out)
    require_suffix(out)
    if not 1 <= chunk_images <= MOST_IMAGES:
        raise UsageError(f"expected a chunk of 1 to {MOST_IMAGES} images; got {chunk_images}")
    _require_place(out, append)
    model = model_of(run)
    if threshold and not model.two_levels:
        raise UsageError(f"{run.path} codes grey levels: leave --threshold out, and nothing is lost.")
    intake = Intake(model, data, threshold)
    with ExitStack() as stack:
        stack.enter_context(reserved(out))
        _require_place(out, append)  # another process may have written it since
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


def require_suffix(out: Path) -> None:
    """Check that what is to be written says by its name what it is.

    Raises:
        UsageError: If it has another ending than `.isth`.
    """
    if out.suffix != SUFFIX:
        raise UsageError(f"expected --out to end in {SUFFIX}; got {out.name!r}")


def _require_place(out: Path, append: bool) -> None:
    if append and not out.is_file():
        raise UsageError(f"there is no archive {out} to append to.")
    if not append:
        require_free(out)


@contextmanager
def reserved(out: Path) -> Iterator[None]:
    """Let one process at a time write a file: from looking at what is there until it is replaced.

    Raises:
        StorageError: If the place cannot be written to.
    """

    def before_waiting() -> None:
        tell(f"waiting for another process that is writing {out}")

    with locked(out.with_name(f".{out.stem[:40]}.lock"), before_waiting):
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
        yield (
            f"Only the test images were packed; {intake.left_out} training images were left out. Append :train to the "
            "name to pack those instead."
        )
    if intake.grey:
        yield (
            f"{_counted(intake.grey)} more levels than black and white, which is all that this model codes: packed "
            "without it. --threshold makes images black and white first; those come back."
        )
    if threshold:
        yield "What comes back are the images made black and white (--threshold), not the grey ones."
    if tally.poor:
        yield f"{_counted(tally.poor)} a smaller size without the model, and were packed without it."
    if tally.smaller:
        yield f"Images that were kept as their files, which are smaller: {tally.smaller}."
    if intake.files:
        height, width, channels = model.shape
        yield f"Files that are not 8-bit images of {width}x{height}x{channels}, kept byte by byte: {intake.files}."
    if intake.skipped:
        first = intake.skipped[0]
        yield f"Files that could not be read, left out: {len(intake.skipped)}, first {first.name} ({first.reason})."
    if grown > intake.given:
        with_model = written.model_bytes and grown == written.size  # when appending it may have been there before
        model_too = f", {spell_bytes(written.model_bytes)} of it the model" if with_model else ""
        yield f"This takes {spell_bytes(grown)}{model_too}: more than the {spell_bytes(intake.given)} of the input."


def _counted(count: int) -> str:
    return "1 image has" if count == 1 else f"{count} images have"
