"""Images that a user gives to use a run on."""

from dataclasses import dataclass

from isthmus.data import Data, ImageSource, match_classes, open_images
from isthmus.data.classes import of_one_class
from isthmus.data.open.images import locate
from isthmus.errors import DataError
from isthmus.progress import tell
from isthmus.runs import Run, require_autoencoder
from isthmus.workflows.datasets.training_data import tell_skipped


@dataclass(frozen=True)
class GivenImages:
    """Images of a run's shape, and their split: `train`, `test`, or nothing where the data is not split."""

    images: ImageSource
    split: str


def open_given(run: Run, data: Data, label: str | None = None) -> GivenImages:
    """Open images to use a run on; of a set with test images those, unless the data says `:train`.

    Image files are fitted as those were that the run was trained on; arrays have to be of its shape.  Images that are
    left out or refitted are reported on standard error.  Classes are numbered as the run's by name.

    Args:
        run: The run.
        data: The images.
        label: The class of all images, by its name or number, if the run is conditional; None for their own.

    Raises:
        UsageError: If there is no such data or class, or the run restores images or is not conditional.
        DataError: If the images are damaged, or not of the run's shape.
    """
    require_autoencoder(run)
    number = None if label is None else run.conditioned_on(label).label
    images = open_images(data, run.image.dtype, run.preprocessing)
    tell_skipped(images.origin, images.notices)
    if images.origin is not None and images.origin.refitted:
        tell(f"{images.origin.refitted}. They become {images.origin.preprocessing}, as the run's images are")
    if images.test is not None and len(images.train):
        unused = f"the {len(images.train):,} training images of {images.name} are left out"
        tell(f"{unused}; name {images.name}:train for those")
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
