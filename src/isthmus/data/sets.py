"""A set of images: some to train on, some to test on, and how image files became them."""

from dataclasses import dataclass

from isthmus.data.preprocessing import Preprocessing
from isthmus.data.source import ImageSource, ImageSpec
from isthmus.errors import DataError


@dataclass(frozen=True)
class Skipped:
    """An image that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Origin:
    """How image files became pixels.

    Attributes:
        preprocessing: What was done to each; None where they were arrays of one shape, which are taken as they are.
        skipped: Those that are left out, as they could not be read or have no class.
        found: What there was, in words, such as `4,866 images of 9 sizes (8x8 to 512x512)`.
        refitted: Which had another size or other channels, in words; empty where none had.
    """

    preprocessing: Preprocessing | None
    skipped: tuple[Skipped, ...]
    found: str
    refitted: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Images to train on, and images kept apart to test on where the data has them.

    Attributes:
        name: What the set is called.
        train: Images to train on.
        test: Images to test on, or None.
        origin: How image files became these pixels; None for images that were arrays already.
        notices: What was done with the data that its user should know, a sentence each without a full stop.
        bits: How many bits are in use of images of 16 bits; None where there are none.

    Raises:
        DataError: If the two are of different shape or type.
    """

    name: str
    train: ImageSource
    test: ImageSource | None = None
    origin: Origin | None = None
    notices: tuple[str, ...] = ()
    bits: int | None = None

    def __post_init__(self) -> None:
        if self.test is not None and self.test.spec != self.train.spec:
            raise DataError(
                f"expected test images like the training images of '{self.name}', "
                f"{self.train.spec} {self.train.spec.dtype}; got {self.test.spec} {self.test.spec.dtype}"
            )

    @property
    def spec(self) -> ImageSpec:
        """What every image is."""
        return self.train.spec
