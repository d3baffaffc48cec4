"""Some of a run's held-out images, or of others, chosen to look at."""

from dataclasses import dataclass

import numpy as np

from isthmus.data import Data, ImageSource, select, spread
from isthmus.data.classes import class_names_of
from isthmus.errors import DataError, UsageError
from isthmus.runs import Run
from isthmus.wording import no_such
from isthmus.workflows.datasets.held_out import open_held_out


@dataclass(frozen=True)
class ChosenImages:
    """Images to look at.

    Attributes:
        images: The images.
        what: What they are in words: `test images of digits of class 1`.
        note: That there are fewer than asked for, or nothing.
    """

    images: ImageSource
    what: str
    note: str = ""

    def number_of(self, image: str | int) -> int:
        """Find an image by its name, or by its number, which may be a string of digits.

        Raises:
            UsageError: If there is no such image.
        """
        if isinstance(image, str) and image in self.images.names:
            return list(self.images.names).index(image)
        if str(image).isdecimal() and int(image) < len(self.images):
            return int(image)
        raise UsageError(
            f"there is no image {image!r} among the {len(self.images):,} {self.what}: expected a name, or a number "
            f"from 0 to {len(self.images) - 1}."
        )


def choose_images(
    run: Run,
    data: Data | None = None,
    label: str | int | None = None,
    count: int | None = None,
    default: int | None = None,
) -> ChosenImages:
    """Choose images to look at, evenly spread over the set.

    Args:
        run: The run.
        data: As `open_held_out` takes it.
        label: Images of this class alone.
        count: The number of images that was asked for; None where none was.
        default: The number to take then, at most; None for all.

    Raises:
        UsageError: If `count` is less than 1, or no class has this label.
        DataError: If the images cannot be found, are not of the run's shape, or none has the label.
    """
    if count is not None and count < 1:
        raise UsageError(f"expected a count of 1 or more; got {count}.")
    found = open_held_out(run, data, training_too=True)
    source, what = found.images, found.what
    if label is not None:
        source, what = _of_class(source, label, what), f"{what} of class {label}"
    note = ""
    if count is not None and count > len(source):
        note = f"{count:,} images were asked for; there are {len(source):,}"
    if wanted := count or default:
        source = select(source, spread(len(source), wanted))
    return ChosenImages(source, what, note)


def _of_class(source: ImageSource, label: str | int, what: str) -> ImageSource:
    if source.labels is None:
        raise UsageError(f"the {what} have no labels, so none can be asked for. Leave the label out.")
    names = class_names_of(source)
    if str(label) not in names:
        raise UsageError(no_such("label", str(label), names))
    chosen = np.flatnonzero(source.labels == names.index(str(label)))
    if len(chosen) == 0:
        raise DataError(f"none of the {what} has the label {label!r}. Choose another, or give other images.")
    return select(source, chosen)
