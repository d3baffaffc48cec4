"""Picture files on their way into a run and out of it: colours, transparency, palettes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Task
from isthmus.data.preprocessing import in_mode
from isthmus.data.tasks.colour import is_grey
from isthmus.data.tasks.corruptions import resized
from isthmus.restoration.formats import save
from isthmus.restoration.names import AnswerNames
from isthmus.restoration.restorer import Restored

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]
MOST_DEVIATION = 0.25
"""The deviation of several answers that is drawn white; of segmentations, that is where all differ."""
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def as_taken(picture: "Image", channels: int, task: Task) -> Pixels:
    """A picture as a run takes it, uint8 `(h, w, c)`.

    What is transparent lies on white for a segmentation, which is of what one sees.  Other answers are as transparent
    as their pictures, and so take the colours as they are.  A picture in colour keeps its channels where the run can
    mend them one by one.
    """
    if channels < 4 and not task.class_values and picture.has_transparency_data:
        picture = in_mode(picture, "RGBA", "white").convert("RGB")
    if channels == 1 and task.by_channel and picture.mode != "L":
        colours = np.asarray(in_mode(picture, "RGB", "white"), np.uint8)
        return colours[..., :1] if is_grey(colours[np.newaxis]) else colours
    pixels = np.asarray(in_mode(picture, _MODES[channels], "white"), np.uint8)
    return pixels.reshape(*pixels.shape[:2], channels)


def alpha_of_answer(picture: "Image", task: Task, missing: NDArray[np.bool_] | None) -> Pixels | None:
    """How opaque a picture's answer is, uint8 `(h, w, 1)`: as the picture, and wholly where it was filled in."""
    if not picture.has_transparency_data:
        return None
    alpha = np.asarray(in_mode(picture, "RGBA", "white").getchannel("A"), np.uint8)[..., np.newaxis]
    if task.scale > 1:
        return resized(alpha, *(side * task.scale for side in alpha.shape[:2]))
    return alpha if missing is None else np.where(missing[..., np.newaxis], np.uint8(255), alpha)


def write_answer(
    made: Restored,
    picture: "Image",
    missing: NDArray[np.bool_] | None,
    out: Path,
    names: AnswerNames,
    task: Task,
) -> None:
    """Write an answer and what is beside it: that first, so that where the answer is, everything is.

    Args:
        made: What the run made.
        picture: What it made it of.
        missing: Which pixels were filled in, if any.
        out: The folder for all answers.
        names: What the files are called.
        task: The run's.

    Raises:
        StorageError: If something cannot be written.
    """
    white = MOST_DEVIATION
    if classes := task.class_values:
        white = 1.0
        save(_overlay(made.image[..., 0], picture, len(classes)), out / names.overlay)
        images = [_mask(numbers[..., 0], classes) for numbers in _all(made)]
    else:
        alpha = alpha_of_answer(picture, task, missing)
        images = [_image(pixels, alpha) for pixels in _all(made)]
    if made.deviation is not None:
        shade = np.rint(np.clip(made.deviation / white, 0.0, 1.0) * 255).astype(np.uint8)
        save(_image(shade[..., np.newaxis]), out / names.uncertainty)
    for number, draw in enumerate(images[1:]):
        save(draw, out / names.draw(number + 1), exact=task.keeps_pixels)
    save(images[0], out / names.answer, exact=task.keeps_pixels)


def _all(made: Restored) -> list[Pixels]:
    """The answer, and the draws behind it."""
    return [made.image, *(() if made.draws is None else made.draws)]


def _mask(numbers: Pixels, classes: tuple[int, ...]) -> "Image":
    """Classes `(h, w)` as their values, with a palette that shows them apart."""
    from PIL import Image

    image = Image.fromarray(np.asarray(classes, np.uint8)[numbers], "P")
    colours = np.zeros((256, 3), np.uint8)
    colours[list(classes)] = palette(len(classes))
    image.putpalette(colours.tobytes())
    return image


def _overlay(numbers: Pixels, picture: "Image", classes: int) -> "Image":
    """A picture tinted by the classes `(h, w)` that are not the first."""
    base = np.asarray(in_mode(picture, "RGB", "white"), np.float64)
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
