"""Images that a user gives to use a run on."""

from dataclasses import dataclass, replace

import numpy as np

from isthmus.data import Data, ImageSource, match_classes, open_images
from isthmus.data.classes import class_names_of, of_one_class
from isthmus.data.decode.entries import Collection
from isthmus.data.decode.unfitted import UnfittedImages, open_unfitted
from isthmus.data.open.images import locate
from isthmus.errors import DataError
from isthmus.progress import tell
from isthmus.runs import Run, require_autoencoder
from isthmus.runs.conditions import condition_of
from isthmus.workflows.datasets.training_data import tell_skipped


@dataclass(frozen=True)
class GivenImages:
    """Images of a run's shape, and their split: `train`, `test`, or nothing where the data is not split."""

    images: ImageSource
    split: str


def open_given(run: Run, data: Data, label: str | None = None, otherwise: str = "") -> GivenImages:
    """Open images to use a run on; of a set with test images those, unless the data says `:train`.

    Image files are fitted as those were that the run was trained on; arrays have to be of its shape.  Images that are
    left out or refitted are reported on standard error.  Classes are numbered as the run's by name.

    Args:
        run: The run.
        data: The images.
        label: The class of all images, by its name or number, if the run is conditional; None for their own.
        otherwise: What else could be done with image files of other sizes, for the line about these.

    Raises:
        UsageError: If there is no such data or class, or the run restores images or is not conditional.
        DataError: If the images are damaged, or not of the run's shape.
    """
    require_autoencoder(run)
    number = None if label is None else run.conditioned_on(label).label
    images = open_images(data, run.image.dtype, run.preprocessing)
    tell_skipped(() if images.origin is None else images.origin.skipped, images.notices)
    if images.origin is not None and images.origin.refitted:
        tell(f"{images.origin.refitted}. They become {images.origin.preprocessing}, as the run's images are{otherwise}")
    _tell_left_out(0 if images.test is None else len(images.train), images.name)
    source = images.test or images.train
    if source.spec != run.image:
        example = source.names[0] if source.names else images.name
        raise DataError(
            f"expected images of {run.image}, as run {run.path.name!r} was trained on; {example!r} is {source.spec}."
        )
    classed = (
        match_classes(source, run.class_names) if number is None else of_one_class(source, number, run.class_names)
    )
    return GivenImages(classed, locate(data)[1] or ("test" if images.test else ""))


def open_large(run: Run, data: Data, label: str | None = None) -> UnfittedImages:
    """Open images at their own sizes, to be cut into tiles of a run's size; else as `open_given` does.

    Raises:
        UsageError: If there is no such data or class, or the run restores images or is not conditional.
        DataError: If the images are damaged, or smaller than a tile.
    """
    require_autoencoder(run)
    number = None if label is None else run.conditioned_on(label).label
    target, split = locate(data)
    if isinstance(target, Collection) and run.preprocessing is not None:
        images = open_unfitted(target, run.preprocessing, run.image.dtype, split)
    else:
        images = _unfitted_arrays(data, run)
    if number is not None:
        images = replace(images, labels=(run.class_names[number],) * len(images))
    condition_of(run, (images.labels or None) if run.is_conditional else None, len(images))
    tell_skipped(images.skipped, images.notices)
    _tell_left_out(images.left_out, images.name)
    height, width = run.image.shape[:2]
    small = (images.sizes < (height, width)).any(axis=1)
    if small.any():
        first = int(np.argmax(small))
        raise DataError(
            f"expected images of {width}x{height} or larger, the tiles of run {run.path.name!r}; "
            f"{images.names[first]!r} is {images.sizes[first, 1]}x{images.sizes[first, 0]}. Leave it out, or leave "
            "--tiles out: then all files are fitted to that size."
        )
    return images


def _unfitted_arrays(data: Data, run: Run) -> UnfittedImages:
    """Images that arrays hold, which have one size."""
    opened = open_images(data, run.image.dtype, run.preprocessing)
    source = opened.test or opened.train
    if source.spec.channels != run.image.channels:
        raise DataError(
            f"expected images of {run.image} or larger, as run {run.path.name!r} was trained on; {opened.name!r} has "
            f"{source.spec}."
        )
    names = class_names_of(source)
    return UnfittedImages(
        opened.name,
        tuple(source.names),
        np.tile(source.spec.shape[:2], (len(source), 1)),
        () if source.labels is None else tuple(names[label] for label in source.labels),
        lambda: (source.read(np.array([index]))[0] for index in range(len(source))),
        0 if opened.test is None else len(opened.train),
        notices=opened.notices,
    )


def _tell_left_out(count: int, name: str) -> None:
    """Report the training images that are left out of data with test images."""
    if count:
        tell(f"the {count:,} training images of {name} are left out; name {name}:train for those")
