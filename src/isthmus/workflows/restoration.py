"""Restore whole folders of images: names, folders and formats stay, and a stopped restoration can be resumed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Data
from isthmus.data.decode.conversion import bits_of
from isthmus.data.decode.entries import Collection, Content, Entry
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.decode.pages import each_image
from isthmus.data.decode.reader import as_image
from isthmus.data.decode.survey import Survey, digest_of, survey
from isthmus.data.decode.tiff_pages import Bands
from isthmus.data.depth import depth_notices, in_range
from isthmus.data.locations import require_apart
from isthmus.data.open.images import locate
from isthmus.data.preprocessing import CHANNELS
from isthmus.errors import DataError, UsageError
from isthmus.plots.display import as_displayed
from isthmus.progress import Bar, progress_bar, tell
from isthmus.restoration import Restorer
from isthmus.restoration.files import as_input, write_bands, write_result
from isthmus.restoration.missing import Masks, holes_unknown, transparent
from isthmus.restoration.names import ResultNames, settle_names
from isthmus.restoration.record import RestorationRecord, made_by
from isthmus.runs import Run
from isthmus.storage import require_free

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class RestoredFolder:
    """The numbers of images written, there already and unreadable, and the folder."""

    written: int
    kept: int
    unreadable: int
    path: Path


def restore_folder(
    run: Run,
    data: Data,
    out: Path,
    *,
    masks: Path | None = None,
    draws: int | None = None,
    seed: int = 0,
    resume: bool = False,
) -> RestoredFolder:
    """Restore every image of a folder or an archive, or one, at its own size.

    Each result is a file of its own, written whole or not at all, with the name, the place and the format of its
    image; see `settle_names` for where it cannot be.  With draws, there are `NAME-1` and on and
    `NAME-uncertainty.png` besides; of a segmentation, the file is a PNG with a palette whose values are those of the
    masks it was trained on, and there is `NAME-overlay.png`.  What is wrong with the call, with names or with masks
    is found before anything is written.

    Args:
        run: A run of any task but to reconstruct.
        data: A folder, archive or pattern of image files, or one.
        out: The folder for the results, and for the record of what they were made by.
        masks: To inpaint: a folder of masks with the images' names, white where a pixel is missing; by default what
            is transparent is missing.
        draws: The number of results from draws besides, with a VAE.
        seed: Seed for the draws.
        resume: Whether results stay that are there already, of the same images and made by the same run;
            otherwise `out` must not exist.

    Raises:
        UsageError: If `out` exists, lies among the images or was made by something else, or the call does not suit
            the run.
        DataError: If there are no images, their names cannot be told apart, or a mask is missing or does not fit.
        StorageError: If a result cannot be written.
    """
    restorer, task = Restorer(run), run.task
    restorer.check_draws(draws)
    if masks is not None and not task.fills_holes:
        raise UsageError(f"--masks say what to inpaint; the task of {run.path} is {run.recipe.task.kind!r}")
    holes = None if masks is None else Masks(masks)
    if not resume:
        require_free(out)
    require_apart(out, data)
    target = _located(data)
    found = survey(target)
    if not found.names and not found.skipped:
        raise DataError(f"expected images in '{target.name}'; there are none")
    sources = _sources(found, holes, to_fill=task.fills_holes)
    settled = settle_names(
        found.names, [(h * task.scale, w * task.scale) for h, w in found.sizes.tolist()], task, draws
    )
    results = {settled.names[name].result: sources[name] for name in found.names}
    record = RestorationRecord.begin(out, made_by(run, draws, seed), results)
    for notice in (*settled.notices, *_greyed(found, restorer)):
        tell(notice)
    bits = bits_of(found, run.preprocessing)
    for notice in depth_notices(target.name, found.bits, bits):
        tell(notice)
    if found.bits is not None or found.deep_colours:
        tell("images with 16 bits a channel are read with 8, and the results have 8")
    for item in found.skipped:
        _tell_skipped(item.name, item.reason)
    restoration = _Restoration(restorer, out, holes, draws, seed, bits)
    written = kept = unreadable = 0
    with progress_bar("restoring", len(found)) as bar:
        for entry in each_image(target):
            if not isinstance(entry, Entry) or entry.name not in settled.names:
                continue  # unreadable, or added meanwhile
            place, names = written + kept + unreadable, settled.names[entry.name]
            if names.result in record.kept:
                kept += 1
            else:
                try:
                    restoration.restore(entry, names, bar, place)
                    written += 1
                except UnreadableError as fault:
                    _tell_skipped(entry.name, str(fault))
                    unreadable += 1
            bar.update(place + 1)
    record.finish()
    return RestoredFolder(written, kept, len(found.skipped) + unreadable, out)


@dataclass(frozen=True)
class _Restoration:
    """What is the same for all images."""

    restorer: Restorer
    out: Path
    holes: Masks | None
    draws: int | None
    seed: int
    bits: int | None

    def restore(self, entry: Entry, names: ResultNames, bar: Bar, place: int) -> None:
        task, content = self.restorer.task, entry.load()
        bands = self._bands_of(content, names)
        image = _image_of(content, self.bits) if bands is None else _in_false_colour(bands)
        missing = None
        if task.fills_holes:
            missing = (
                transparent(image, entry.name)
                if self.holes is None
                else self.holes.read(entry.name, (image.height, image.width))
            )

        def update(done: int, tiles: int) -> None:
            if tiles > done:
                bar.update(place, f"{entry.name}: {done} of {tiles} tiles")

        pixels = as_input(image, self.restorer.channels, task) if bands is None else bands
        made = self.restorer.restore(pixels, missing, draws=self.draws, seed=self.seed, update=update)
        if bands is None or task.class_values:
            write_result(made, image, missing, self.out, names, task)
        else:
            write_bands(made, self.out, names)

    def _bands_of(self, content: Content, names: ResultNames) -> NDArray[np.uint8] | None:
        """The pixels of an image of several bands, uint8 `(h, w, c)`; None of one that is grey or in colour."""
        if not isinstance(content, Bands) or content.pixels.shape[-1] in CHANNELS:
            return None
        expected, channels = self.restorer.channels, content.pixels.shape[-1]
        if channels != expected:
            raise UnreadableError(f"it has {channels} channels, and the run takes {expected}")
        if not self.restorer.task.class_values and names.result.suffix.lower() not in (".tif", ".tiff"):
            raise UnreadableError("its result is a TIFF file too, so its name has to end in .tif")
        return np.asarray(in_range(content.pixels, self.bits, deep=False), np.uint8)


def _located(data: Data) -> Collection:
    """The images that a user names."""
    target, _ = locate(data)
    if not isinstance(target, Collection):
        raise UsageError("expected image files: a folder or an archive of them, or one; arrays have no files to name")
    return target


def _sources(found: Survey, holes: Masks | None, *, to_fill: bool) -> dict[str, str]:
    """A digest of what each result is made of: an image, and a mask where there are some."""
    sources = {name: found.digest(index).hex() for index, name in enumerate(found.names)}
    if to_fill and holes is None:
        opaque = [name for name, channels in zip(found.names, found.channels, strict=True) if channels not in (2, 4)]
        if opaque:
            raise holes_unknown(opaque)
    if holes is not None:
        for name, (height, width) in zip(found.names, found.sizes.tolist(), strict=True):
            holes.read(name, (height, width))
            sources[name] += digest_of(holes.content(name)).hex()
    return sources


def _greyed(found: Survey, restorer: Restorer) -> list[str]:
    """A notice about images in colour of which a grey run sees the brightness alone."""
    if restorer.channels > 1 or restorer.task.by_channel or restorer.task.class_values or not found.in_colour:
        return []
    return [f"{restorer.run.path} takes grey images: of {found.in_colour} in colour it sees the brightness alone"]


def _tell_skipped(name: str, reason: str) -> None:
    tell(f"{name} cannot be read and is left out: {reason}")


def _in_false_colour(bands: NDArray[np.uint8]) -> "Image":
    """An image of several bands `(h, w, c)` as plots show it."""
    from PIL import Image

    return Image.fromarray(as_displayed(bands[np.newaxis])[0])


def _image_of(content: Content, bits: int | None) -> "Image":
    if isinstance(content, np.ndarray):
        raise UnreadableError("it is an array, not an image file")
    return as_image(content, bits=bits)
