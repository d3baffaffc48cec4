"""Whole folders of pictures restored: names, folders and formats stay, and what is done need not be done again."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Data
from isthmus.data.decoding import UnreadableError, decode, upright
from isthmus.data.entries import Collection, Content, Entry
from isthmus.data.opening import locate
from isthmus.data.preprocessing import in_mode
from isthmus.errors import DataError, UsageError
from isthmus.progress import Bar, progress_bar, tell
from isthmus.restoration import Restored, Restorer
from isthmus.runs import Run
from isthmus.storage import atomic_file, require_free

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# What Pillow writes of pictures of any size, and how, so that no more is lost than the format loses.
FORMATS: dict[str, dict[str, object]] = {
    ".png": {"format": "PNG"},
    ".jpg": {"format": "JPEG", "quality": 95},
    ".jpeg": {"format": "JPEG", "quality": 95},
    ".webp": {"format": "WEBP", "quality": 95},
    ".bmp": {"format": "BMP"},
    ".tif": {"format": "TIFF"},
    ".tiff": {"format": "TIFF"},
}
"""Others become PNG."""
MOST_DEVIATION = 0.25
"""The deviation of several answers that is drawn white."""


@dataclass(frozen=True)
class RestoredFolder:
    """What was done: pictures written now, those that were there, those that could not be read, and where."""

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
    """Restore every picture of a folder or an archive, or one, at its own size.

    Each answer is a file of its own, written whole or not at all, with the name, the place and the format of its
    picture.  With draws, there are `NAME-1` and on and `NAME-uncertainty.png` besides; of a segmentation, the file is
    a PNG with a palette whose values are those of the masks that it learned from, and there is `NAME-overlay.png`.

    Args:
        run: A run of any task but to reconstruct.
        data: A folder, archive or pattern of picture files, or one.
        out: The folder for the answers.
        masks: To inpaint: a folder of masks with the pictures' names, white where a pixel is missing; by default what
            is transparent is missing.
        draws: So many answers besides, of a VAE.
        seed: Of the draws.
        resume: Whether answers that are there already are kept; otherwise `out` must not exist.

    Raises:
        UsageError: If `out` exists, or the call does not suit the run.
        DataError: If there are no pictures, or a mask is missing or does not fit.
        StorageError: If an answer cannot be written.
    """
    restorer = Restorer(run)
    if masks is not None and run.recipe.task.kind != "inpaint":
        raise UsageError(f"--masks say what to inpaint; the task of {run.path} is {run.recipe.task.kind!r}")
    if not resume:
        require_free(out)
    target, _ = locate(data)
    if not isinstance(target, Collection):
        raise UsageError("expected picture files: a folder or an archive of them, or one; arrays have no files to name")
    total = sum(1 for _ in target.entries())
    if not total:
        raise DataError(f"expected pictures in '{target.name}'; there are none")
    written = kept = unreadable = 0
    taken: set[PurePosixPath] = set()
    with progress_bar("restoring", total) as bar:
        for place, entry in enumerate(target.entries()):
            reason = "" if isinstance(entry, Entry) else entry.reason
            if isinstance(entry, Entry):
                path = _out_path(entry.name, run, taken)
                if resume and (out / path).exists():
                    kept += 1
                else:
                    try:
                        picture = _picture(entry.load())
                    except UnreadableError as fault:
                        reason = str(fault)
                    else:
                        made = _restore(restorer, picture, entry.name, masks, draws, seed, bar, place)
                        _write(made, picture, out / path, run)
                        written += 1
            if reason:
                tell(f"{entry.name} cannot be read and is left out: {reason}")
                unreadable += 1
            bar.update(place + 1)
    return RestoredFolder(written, kept, unreadable, out)


def _restore(
    restorer: Restorer,
    picture: "Image",
    name: str,
    masks: Path | None,
    draws: int | None,
    seed: int,
    bar: Bar,
    place: int,
) -> Restored:
    pixels = as_taken(picture, restorer.takes)
    missing = None
    if restorer.run.recipe.task.kind == "inpaint":
        missing = _missing(picture, name, masks)

    def update(done: int, tiles: int) -> None:
        if tiles > done:
            bar.update(place, f"{name}: {done} of {tiles} tiles")

    return restorer.restore(pixels, missing, draws=draws, seed=seed, update=update)


def as_taken(picture: "Image", channels: int) -> Pixels:
    """A picture as a run takes it, uint8 `(h, w, channels)`; what is transparent lies on white."""
    pixels = np.asarray(in_mode(picture, MODES[channels], "white"), np.uint8)
    return pixels.reshape(*pixels.shape[:2], channels)


def _missing(picture: "Image", name: str, masks: Path | None) -> NDArray[np.bool_]:
    if masks is None:
        if not picture.has_transparency_data:
            raise DataError(
                f"expected '{name}' to say what is missing: make it transparent there, or give a mask with --masks"
            )
        return np.asarray(picture.convert("RGBA"))[..., 3] < 128
    stem = PurePosixPath(name).with_suffix("")
    found = [path for suffix in FORMATS if (path := masks / f"{stem}{suffix}").is_file()]
    if not found:
        raise DataError(f"expected a mask for '{name}' in {masks}: '{stem}.png'; there is none")
    try:
        mask = decode(found[0].read_bytes())
    except (OSError, UnreadableError) as fault:
        raise DataError(f"the mask {found[0]} cannot be read: {fault}") from None
    if mask.size != picture.size:
        raise DataError(
            f"expected a mask of {picture.width}x{picture.height} for '{name}'; {found[0].name} is "
            f"{mask.width}x{mask.height}"
        )
    return np.asarray(in_mode(mask, "L", "black")) >= 128


def _picture(content: Content) -> "Image":
    if isinstance(content, bytes):
        return decode(content)
    if isinstance(content, np.ndarray):
        raise UnreadableError("it is an array, and no picture file")
    return upright(content)


def _out_path(name: str, run: Run, taken: set[PurePosixPath]) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.suffix.lower() not in FORMATS or run.recipe.task.kind == "segment":
        as_png = path.with_suffix(".png")
        # `cat.jpg` and `cat.gif` stay two.
        path = path.with_name(f"{path.name}.png") if as_png in taken else as_png
    taken.add(path)
    return path


def _write(made: Restored, picture: "Image", path: Path, run: Run) -> None:
    """Write what is beside an answer first: where the answer is, everything is."""
    if run.recipe.task.kind == "segment":
        _write_mask(made.image[..., 0], picture, path, run.recipe.task.classes or (0, 255))
        return
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    if run.recipe.task.kind in ("inpaint", "super-resolve"):
        alpha = None  # what was transparent is filled in, or of another size
    if made.draws is not None and made.deviation is not None:
        for number, draw in enumerate(made.draws):
            _save(_image(draw, alpha), path.with_stem(f"{path.stem}-{number + 1}"))
        shade = np.clip(made.deviation / MOST_DEVIATION, 0.0, 1.0) * 255
        _save(_image(np.rint(shade)[..., np.newaxis].astype(np.uint8), None), _beside(path, "uncertainty"))
    _save(_image(made.image, alpha), path)


def _write_mask(numbers: Pixels, picture: "Image", path: Path, classes: tuple[int, ...]) -> None:
    from PIL import Image

    colours = palette(len(classes))
    values = np.asarray(classes, np.uint8)[numbers]
    image = Image.fromarray(values, "P")
    entries = np.zeros((256, 3), np.uint8)
    entries[list(classes)] = colours
    image.putpalette(entries.tobytes())
    base = as_taken(picture, 3).astype(np.float64)
    tinted = np.where(numbers[..., np.newaxis] > 0, 0.5 * base + 0.5 * colours[numbers], base)
    _save(_image(np.rint(tinted).astype(np.uint8), None), _beside(path, "overlay"))
    _save(image, path)


def palette(classes: int) -> Pixels:
    """A colour for each class, uint8 `(classes, 3)`: black for the first, and hues apart for the others."""
    import colorsys

    golden = 0.618034  # steps of the golden ratio never come near each other
    hues = [colorsys.hsv_to_rgb((0.08 + golden * i) % 1.0, 0.85, 0.95) for i in range(classes - 1)]
    return np.asarray(np.rint(np.array([(0.0, 0.0, 0.0), *hues]) * 255), np.uint8)


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.stem}-{what}.png")


def _image(pixels: Pixels, alpha: "Image | None") -> "Image":
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))
    if alpha is not None and image.mode in ("L", "RGB"):
        image.putalpha(alpha)
    return image


def _save(image: "Image", path: Path) -> None:
    options = FORMATS[path.suffix.lower()]
    if options["format"] in ("JPEG", "BMP") and image.has_transparency_data and image.mode != "P":
        image = in_mode(image, "RGB", "white")
    with atomic_file(path) as temporary:
        image.save(temporary, **options)  # type: ignore[arg-type]  # each format has its own options
