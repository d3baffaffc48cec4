"""Image files on their way into a run and out of it: colours, transparency, palettes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Task
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.preprocessing import in_mode
from isthmus.data.tasks.colour import is_grey
from isthmus.data.tasks.corruptions import resized
from isthmus.data.tiff import write_tiff
from isthmus.restoration.formats import save
from isthmus.restoration.names import ResultNames
from isthmus.restoration.restorer import Restored

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]
MOST_DEVIATION = 0.25
"""The deviation of draws that is drawn white; for segmentations it is 1, where all draws differ."""
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def as_input(image: "Image", channels: int, task: Task) -> Pixels:
    """Convert an image to what a run takes, uint8 `(h, w, c)`.

    For a segmentation, transparent parts lie on white.  Other results are as transparent as their images, so colours
    stay as they are.  An image in colour keeps its channels where the run can restore them one by one.

    Raises:
        UnreadableError: If the run takes several bands.
    """
    if channels not in _MODES:
        raise UnreadableError(f"it has {len(image.getbands())} channels, and the run takes {channels}")
    if channels < 4 and not task.class_values and image.has_transparency_data:
        image = in_mode(image, "RGBA", "white").convert("RGB")
    if channels == 1 and task.by_channel and image.mode != "L":
        colours = np.asarray(in_mode(image, "RGB", "white"), np.uint8)
        return colours[..., :1] if is_grey(colours[np.newaxis]) else colours
    pixels = np.asarray(in_mode(image, _MODES[channels], "white"), np.uint8)
    return pixels.reshape(*pixels.shape[:2], channels)


def alpha_of_result(image: "Image", task: Task, missing: NDArray[np.bool_] | None) -> Pixels | None:
    """The alpha of a result, uint8 `(h, w, 1)`: the image's, and opaque where pixels were filled in."""
    if not image.has_transparency_data:
        return None
    alpha = np.asarray(in_mode(image, "RGBA", "white").getchannel("A"), np.uint8)[..., np.newaxis]
    if task.scale > 1:
        return resized(alpha, *(side * task.scale for side in alpha.shape[:2]))
    return alpha if missing is None else np.where(missing[..., np.newaxis], np.uint8(255), alpha)


def write_result(
    made: Restored,
    image: "Image",
    missing: NDArray[np.bool_] | None,
    out: Path,
    names: ResultNames,
    task: Task,
) -> None:
    """Write the files of a result, its own last, so that a result is never there without the others.

    Args:
        made: The restored image.
        image: The image before.
        missing: The pixels that were filled in, if any.
        out: The folder for all results.
        names: The names of the files.
        task: The run's task.

    Raises:
        StorageError: If a file cannot be written.
    """
    white = MOST_DEVIATION
    if classes := task.class_values:
        white = 1.0
        save(_overlay(made.image[..., 0], image, len(classes)), out / names.overlay)
        images = [_mask(numbers[..., 0], classes) for numbers in _all(made)]
    else:
        alpha = alpha_of_result(image, task, missing)
        images = [_image(pixels, alpha) for pixels in _all(made)]
    if made.deviation is not None:
        save(_shade(made.deviation, white), out / names.uncertainty)
    for number, draw in enumerate(images[1:]):
        save(draw, out / names.draw(number + 1), exact=task.keeps_pixels)
    save(images[0], out / names.result, exact=task.keeps_pixels)


def write_bands(made: Restored, out: Path, names: ResultNames) -> None:
    """Write the files of a result of several bands as TIFF, its own last.

    Raises:
        StorageError: If a file cannot be written.
    """
    if made.deviation is not None:
        save(_shade(made.deviation, MOST_DEVIATION), out / names.uncertainty)
    for number, draw in enumerate(_all(made)[1:]):
        write_tiff(out / names.draw(number + 1), draw)
    write_tiff(out / names.result, made.image)


def _all(made: Restored) -> list[Pixels]:
    """The result, followed by its draws."""
    return [made.image, *(() if made.draws is None else made.draws)]


def _shade(deviation: NDArray[np.float32], white: float) -> "Image":
    """The deviation of draws `(h, w)` as greys, from black for none to white."""
    return _image(np.rint(np.clip(deviation / white, 0.0, 1.0) * 255).astype(np.uint8)[..., np.newaxis])


def _mask(numbers: Pixels, classes: tuple[int, ...]) -> "Image":
    """Classes `(h, w)` as their values, with a palette that shows them apart."""
    from PIL import Image

    image = Image.fromarray(np.asarray(classes, np.uint8)[numbers], "P")
    colours = np.zeros((256, 3), np.uint8)
    colours[list(classes)] = palette(len(classes))
    image.putpalette(colours.tobytes())
    return image


def _overlay(numbers: Pixels, image: "Image", classes: int) -> "Image":
    """An image tinted by the classes `(h, w)` that are not the first."""
    base = np.asarray(in_mode(image, "RGB", "white"), np.float64)
    tinted = np.where(numbers[..., np.newaxis] > 0, 0.5 * base + 0.5 * palette(classes)[numbers], base)
    return _image(np.rint(tinted).astype(np.uint8))


def palette(classes: int) -> Pixels:
    """A colour for each class, uint8 `(classes, 3)`: black for the first, and hues apart for the others."""
    import colorsys

    golden = 0.618034  # steps of the golden ratio never come near each other
    hues = [colorsys.hsv_to_rgb((0.08 + golden * i) % 1.0, 0.85, 0.95) for i in range(classes - 1)]
    return np.asarray(np.rint(np.array([(0.0, 0.0, 0.0), *hues]) * 255), np.uint8)


def _image(pixels: Pixels, alpha: Pixels | None = None) -> "Image":
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))
    if alpha is not None and image.mode in ("L", "RGB"):
        image.putalpha(Image.fromarray(np.ascontiguousarray(alpha[..., 0])))
    return image
