"""Images to show a run with: its own test images, or others, and some of them."""

import numpy as np

from isthmus.data import Data, ImageSource, select, spread
from isthmus.errors import DataError, UsageError
from isthmus.runs import Run
from isthmus.wording import no_such
from isthmus.workflows.held_out import HeldOut, find_held_out


def reopen(run: Run, data: Data | None = None) -> HeldOut:
    """Open the images that a run was tested on, or others, to look at.

    Args:
        run: The run.
        data: Other images, or the place where the run's own lie now; by default the run's own, as `find_held_out`
            finds them.

    Raises:
        DataError: If the run's own cannot be found, or are others now; or `data` holds images of another shape.
        UsageError: If there is no such data.
    """
    return find_held_out(run, data, hint="--data DATA, or data=DATA in Python", training_too=True)


def choose_images(
    run: Run,
    data: Data | None = None,
    label: str | int | None = None,
    count: int | None = None,
    default: int | None = None,
) -> tuple[ImageSource, str, str]:
    """Choose the images for a picture, evenly spread over the set.

    Args:
        run: The run.
        data: As `reopen` takes it.
        label: Images of this class alone.
        count: How many were asked for; None where nobody asked.
        default: How many to take then, at most; None for all.

    Returns:
        The images, what they are in words, and a note where there are fewer than asked for, or nothing.

    Raises:
        UsageError: If `count` is none, or the label is none that there is.
        DataError: If the images cannot be found, are not of the run's shape, or none has the label.
    """
    found = reopen(run, data)
    source, what = found.images, found.what
    if count is not None and count < 1:
        raise UsageError(f"expected a count of 1 or more; got {count}.")
    if label is not None:
        source, what = _of_class(source, label, what), f"{what} of class {label}"
    note = ""
    if count is not None and count > len(source):
        note = f"{count:,} images were asked for; there are {len(source):,}"
    if wanted := count or default:
        source = select(source, spread(len(source), wanted))
    return source, what, note


def _of_class(source: ImageSource, label: str | int, what: str) -> ImageSource:
    if source.labels is None:
        raise UsageError(f"the {what} have no labels, so none can be asked for. Leave the label out.")
    names = source.class_names or tuple(str(number) for number in range(int(source.labels.max()) + 1))
    if str(label) not in names:
        raise UsageError(no_such("label", str(label), names))
    chosen = np.flatnonzero(source.labels == names.index(str(label)))
    if len(chosen) == 0:
        raise DataError(f"none of the {what} has the label {label!r}. Choose another, or give other images.")
    return select(source, chosen)


def number_of(source: ImageSource, image: str | int, what: str) -> int:
    """Find an image by its name, or by its number, which may be written out.

    Raises:
        UsageError: If there is none.
    """
    if isinstance(image, str) and image in source.names:
        return list(source.names).index(image)
    if str(image).isdecimal() and int(image) < len(source):
        return int(image)
    raise UsageError(
        f"there is no image {image!r} among the {len(source):,} {what}: expected a name, or a number from 0 to "
        f"{len(source) - 1}."
    )
