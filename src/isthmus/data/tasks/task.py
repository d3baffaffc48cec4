"""A task: how an input and a target are made of each image, and a result of each prediction.

A recipe describes a task by its fields; this is what the task does with pixels.  Images are uint8.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.data.sets import ImageSet
from isthmus.data.source import ImageSpec
from isthmus.errors import UsageError

Pixels = NDArray[np.uint8]


class Task(ABC):
    """A task, by default one whose input, target and result have the image's own shape.

    Attributes:
        restores: Whether the target differs from the input.
        purpose: What a model of the task does, as a reader is told: "removes noise from images".
        fills_holes: Whether an image is restored only where pixels are missing.
        adds_colour: Whether the target is the colour that the input lacks.
        by_channel: Whether what restores a grey image restores each channel of a colour image.
        keeps_pixels: Whether a part of the image is unchanged in the result.
        baselines: The kind of baselines to compare results with, a key of `evaluation.restoration.baselines.BASELINES`.
        strength_field: The field that sets how strongly images are corrupted; empty where none does.
        strongest: The greatest value of that field.
    """

    restores: ClassVar[bool] = True
    purpose: ClassVar[str]
    fills_holes: ClassVar[bool] = False
    adds_colour: ClassVar[bool] = False
    by_channel: ClassVar[bool] = False
    keeps_pixels: ClassVar[bool] = False
    baselines: ClassVar[str] = "unchanged"
    strength_field: ClassVar[str] = ""
    strongest: ClassVar[float] = 1.0

    @property
    def variant(self) -> str:
        """The name of the corruption, for a task that has several; else empty."""
        return ""

    @property
    def scale(self) -> int:
        """How many times higher and wider than an image its result is."""
        return 1

    @property
    def class_values(self) -> tuple[int, ...]:
        """The value in a mask of each class; empty for a task whose results are images."""
        return ()

    def check(self, images: ImageSet) -> None:  # noqa: B027  # most tasks take any images
        """Check that the task can be learned from images.

        Raises:
            DataError: If it cannot.
        """

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """The input's shape and dtype, for images of a source of `spec`."""
        return spec

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """The target's shape and dtype, for images of a source of `spec`."""
        return spec

    @abstractmethod
    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Make an input and its target of one image `(h, w, c)` of the source."""

    def channels_of_images(self, channels: int) -> int:
        """The channels of an image to restore, where the input has `channels`."""
        return channels

    def as_input(self, image: Pixels, missing: NDArray[np.bool_] | None = None) -> Pixels:
        """Make the input of an image `(h, w, c)` to restore, which nothing corrupts further.

        Args:
            image: The image.
            missing: The pixels to fill in, `(h, w)`, of a task that fills holes.

        Raises:
            UsageError: If there are pixels to fill in, and the task fills no holes, or the reverse.
        """
        if missing is not None:
            raise UsageError("the run's task fills in no holes: leave the masks out")
        return image

    def visible(self, inputs: Pixels) -> Pixels:
        """The channels of inputs `(n, h, w, c)` that are an image."""
        return inputs

    def unchanged(self, inputs: Pixels) -> Pixels | None:
        """Predictions that leave inputs `(n, h, w, c)` as they are; None where an input is no prediction."""
        return self.visible(inputs)

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """Make results of inputs and predictions, each `(n, h, w, ...)`."""
        return predictions

    def truth(self, images: Pixels, inputs: Pixels, targets: Pixels) -> Pixels:
        """The results of a perfect prediction for images `(n, h, w, c)` of the source."""
        return self.finish(inputs, targets)
