"""Tasks: the input and the target that are made of each image, and the result that is made of a prediction.

A recipe describes a task by its fields; here is what its kinds do with pixels.  Images are uint8.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from isthmus.data.images import spread
from isthmus.data.sets import ImageSet
from isthmus.data.source import ImageSpec
from isthmus.data.tasks.colour import chroma, is_grey, luma, recolour
from isthmus.data.tasks.corruptions import Noise, add_noise, blur, clutter, coarsen
from isthmus.data.tasks.holes import Holes, draw_holes
from isthmus.errors import DataError

if TYPE_CHECKING:  # recipes bring pydantic along, and data does without
    from isthmus.recipes import Task as TaskFields

Pixels = NDArray[np.uint8]
COLOUR_CHECKED = 200
"""Images that are checked for colour."""


class Task(Protocol):
    """How input and target are made of an image, and a result of a prediction."""

    def check(self, images: ImageSet) -> None:
        """Check that the task can be learned from images.

        Raises:
            DataError: If it cannot.
        """

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """The input's shape and dtype, for images of a source of `spec`."""

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """The target's shape and dtype, for images of a source of `spec`."""

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Make an input and its target of one image `(h, w, c)` of the source."""

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """Make the images that a user gets of inputs and predictions, each `(n, h, w, ...)`."""


class _AnyImages:
    """A task that any images suit."""

    def check(self, images: ImageSet) -> None:
        """Take all images."""


class _SameShape(_AnyImages):
    """A task whose input and target have the image's own shape."""

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """As the images are."""
        return spec

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """As the images are."""
        return spec

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The predictions."""
        return predictions


@dataclass(frozen=True)
class Reconstruct(_SameShape):
    """The image itself."""

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """The image twice."""
        return image, image


@dataclass(frozen=True)
class Denoise(_SameShape):
    """A noisy image, and the clean one."""

    noise: Noise
    strength: tuple[float, float]

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Noise of a strength that is drawn too."""
        return add_noise(image, self.noise, rng.uniform(*self.strength), rng), image


@dataclass(frozen=True)
class Deblur(_SameShape):
    """A blurred image, and the sharp one."""

    radius: tuple[float, float]
    noise: float

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """A blur of a radius that is drawn too."""
        return blur(image, rng.uniform(*self.radius), self.noise, rng), image


@dataclass(frozen=True)
class SuperResolve(_SameShape):
    """An image enlarged by bicubic interpolation, and the one that was large from the start."""

    factor: int

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """The image without its detail."""
        return coarsen(image, self.factor), image


@dataclass(frozen=True)
class Colourise:
    """The brightness of a colour image, and its chroma."""

    def check(self, images: ImageSet) -> None:
        """Check that there are colours, in some of the images."""
        channels = images.spec.channels
        source = images.test if images.test is not None and not len(images.train) else images.train
        some = source.read(spread(len(source), COLOUR_CHECKED))
        if channels < 3 or is_grey(np.asarray(some, np.uint8)):
            raise DataError(
                f"expected images in colour, to learn colours from; '{images.name}' is grey"
                f"{' already' if channels < 3 else ', though its files have three channels'}. Take another task or data"
            )

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """One channel."""
        return replace(spec, channels=1)

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """Two channels."""
        return replace(spec, channels=2)

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Brightness and chroma."""
        return luma(image[..., :3]), chroma(image[..., :3])

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The predicted colours, at the brightness of the input."""
        return recolour(inputs, predictions)


@dataclass(frozen=True)
class Inpaint(_AnyImages):
    """An image with black holes and a channel more, white where a pixel is known; and the whole image."""

    holes: Holes
    share: tuple[float, float]

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """One channel more."""
        return replace(spec, channels=spec.channels + 1)

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """As the images are."""
        return spec

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Holes of a share that is drawn too."""
        missing = draw_holes(image.shape[0], image.shape[1], self.holes, rng.uniform(*self.share), rng)
        return with_holes(image, missing), image

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The prediction in the holes, and elsewhere the pixels that were known."""
        return np.where(inputs[..., -1:] > 0, inputs[..., :-1], predictions)


def with_holes(image: Pixels, missing: NDArray[np.bool_]) -> Pixels:
    """An image `(h, w, c)` as the input of inpainting, `(h, w, c + 1)`: black where it is `missing`, `(h, w)`."""
    known = np.where(missing, np.uint8(0), np.uint8(255))[..., np.newaxis]
    return np.concatenate([np.where(known > 0, image, np.uint8(0)), known], axis=-1)


@dataclass(frozen=True)
class Segment:
    """An image, and the class of each pixel: 0 or 255 of two classes, else the class's number."""

    own_masks: bool
    clutter: float
    classes: int

    def check(self, images: ImageSet) -> None:
        """Check that images which are their own masks are grey."""
        if self.own_masks and images.spec.channels != 1:
            raise DataError(
                f"expected grey images that are their own masks, white on black; '{images.name}' has "
                f"{images.spec.channels} channels. Give masks with --targets, and task.masks=files"
            )

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """As the images are, without the mask that lies on them as their last channel."""
        return spec if self.own_masks else replace(spec, channels=spec.channels - 1)

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """One channel."""
        return replace(spec, channels=1)

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """The image and its mask."""
        if not self.own_masks:
            return image[..., :-1], image[..., -1:]
        mask = np.where(image[..., :1] >= 128, np.uint8(255), np.uint8(0))
        return (clutter(mask, self.clutter, rng) if self.clutter else image), mask

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The number of each pixel's likeliest class."""
        return (predictions >= 128).astype(np.uint8) if self.classes == 2 else predictions


@dataclass(frozen=True)
class Pairs(_AnyImages):
    """One image, and another that lies on it as further channels."""

    target_channels: int

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """The first channels."""
        return replace(spec, channels=spec.channels - self.target_channels)

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """The last channels."""
        return replace(spec, channels=self.target_channels)

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """The pair."""
        return image[..., : -self.target_channels], image[..., -self.target_channels :]

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The predictions."""
        return predictions


def task_of(fields: "TaskFields") -> Task:
    """The task that a recipe describes."""
    match fields.kind:
        case "reconstruct":
            return Reconstruct()
        case "denoise":
            return Denoise(fields.noise, fields.strength)
        case "deblur":
            return Deblur(fields.radius, fields.noise)
        case "super-resolve":
            return SuperResolve(fields.factor)
        case "colourise":
            return Colourise()
        case "inpaint":
            return Inpaint(fields.holes, fields.share)
        case "segment":
            return Segment(fields.masks == "itself", fields.clutter, len(fields.classes) or 2)
        case "pairs":
            return Pairs(fields.target_channels)
