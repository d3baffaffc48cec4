"""The kinds of tasks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.data.images import spread
from isthmus.data.sets import ImageSet
from isthmus.data.source import ImageSpec
from isthmus.data.tasks.colour import MIDDLE, chroma, is_grey, luma, recolour
from isthmus.data.tasks.corruptions import Noise, add_noise, blur, clutter, coarsen, resized
from isthmus.data.tasks.holes import Holes, draw_holes
from isthmus.data.tasks.task import Pixels, Task
from isthmus.errors import DataError, UsageError

if TYPE_CHECKING:  # recipes bring pydantic along, and data does without
    from isthmus.recipes import TaskFields

COLOUR_CHECKED = 200
"""Images that are checked for colour."""


class Reconstruction(Task):
    """Give the image itself."""

    restores = False
    purpose = "reconstructs images"

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """The image twice."""
        return image, image


@dataclass(frozen=True)
class Denoising(Task):
    """Of a noisy image, give the clean one."""

    noise: Noise
    strength: tuple[float, float]
    purpose: ClassVar[str] = "removes noise from images"
    by_channel: ClassVar[bool] = True
    baselines: ClassVar[str] = "denoise"
    strength_field: ClassVar[str] = "strength"

    @property
    def variant(self) -> str:
        """The kind of noise."""
        return self.noise

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Add noise of a random strength."""
        return add_noise(image, self.noise, rng.uniform(*self.strength), rng), image


@dataclass(frozen=True)
class Deblurring(Task):
    """Of a blurred image, give the sharp one."""

    radius: tuple[float, float]
    noise: float
    purpose: ClassVar[str] = "sharpens blurred images"
    by_channel: ClassVar[bool] = True
    baselines: ClassVar[str] = "sharpen"
    strength_field: ClassVar[str] = "radius"
    strongest: ClassVar[float] = 16.0

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Blur by a random radius."""
        return blur(image, rng.uniform(*self.radius), self.noise, rng), image


@dataclass(frozen=True)
class SuperResolution(Task):
    """Of an image enlarged by bicubic interpolation, give the one that was large from the start."""

    factor: int
    purpose: ClassVar[str] = "enlarges images"
    by_channel: ClassVar[bool] = True
    baselines: ClassVar[str] = "enlarge"

    @property
    def scale(self) -> int:
        """The factor."""
        return self.factor

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Remove the image's detail."""
        return coarsen(image, self.factor), image

    def as_input(self, image: Pixels, missing: NDArray[np.bool_] | None = None) -> Pixels:
        """Enlarge the image."""
        height, width = image.shape[:2]
        return resized(super().as_input(image, missing), height * self.factor, width * self.factor)


class Colourisation(Task):
    """Of the brightness of a colour image, give its chroma."""

    purpose = "adds colour to grey images"
    adds_colour = True
    keeps_pixels = True
    baselines = "colour"

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
        """Take brightness and chroma apart."""
        return luma(image[..., :3]), chroma(image[..., :3])

    def channels_of_images(self, channels: int) -> int:
        """Colours, of which the brightness is taken."""
        return 3

    def as_input(self, image: Pixels, missing: NDArray[np.bool_] | None = None) -> Pixels:
        """The brightness."""
        return luma(super().as_input(image, missing))

    def unchanged(self, inputs: Pixels) -> Pixels:
        """The chroma of grey."""
        return np.full((*inputs.shape[:3], 2), MIDDLE, np.uint8)

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The predicted colours, at the brightness of the input."""
        return recolour(inputs, predictions)

    def truth(self, images: Pixels, inputs: Pixels, targets: Pixels) -> Pixels:
        """The images' own colours, which brightness and chroma round."""
        return images[..., :3]


@dataclass(frozen=True)
class Inpainting(Task):
    """Of an image with black holes and a channel more, white where a pixel is known, give the whole image."""

    holes: Holes
    share: tuple[float, float]
    purpose: ClassVar[str] = "fills in missing parts of images"
    fills_holes: ClassVar[bool] = True
    by_channel: ClassVar[bool] = True
    keeps_pixels: ClassVar[bool] = True
    baselines: ClassVar[str] = "fill"
    strength_field: ClassVar[str] = "share"

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """One channel more."""
        return replace(spec, channels=spec.channels + 1)

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Cut holes of a random share."""
        missing = draw_holes(image.shape[0], image.shape[1], self.holes, rng.uniform(*self.share), rng)
        return with_holes(image, missing), image

    def channels_of_images(self, channels: int) -> int:
        """All but the channel of known pixels."""
        return channels - 1

    def as_input(self, image: Pixels, missing: NDArray[np.bool_] | None = None) -> Pixels:
        """The image with holes where pixels are missing."""
        if missing is None:
            raise UsageError("expected the pixels to fill in, as masks or as transparent parts of the images")
        if missing.shape != image.shape[:2]:
            raise DataError(f"expected a mask of {image.shape[:2]}, as its image is; got {missing.shape}")
        return with_holes(image, missing)

    def visible(self, inputs: Pixels) -> Pixels:
        """All but the channel of known pixels."""
        return inputs[..., :-1]

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The prediction in the holes, and elsewhere the pixels that were known."""
        return np.where(inputs[..., -1:] > 0, inputs[..., :-1], predictions)


def with_holes(image: Pixels, missing: NDArray[np.bool_]) -> Pixels:
    """An image `(h, w, c)` as the input of inpainting, `(h, w, c + 1)`: black where it is `missing`, `(h, w)`."""
    known = np.where(missing, np.uint8(0), np.uint8(255))[..., np.newaxis]
    return np.concatenate([np.where(known > 0, image, np.uint8(0)), known], axis=-1)


@dataclass(frozen=True)
class Segmentation(Task):
    """Of an image, give the class of each pixel: 0 or 255 of two classes, else the class's number."""

    own_masks: bool
    clutter: float
    values: tuple[int, ...]
    purpose: ClassVar[str] = "predicts the class of each pixel"
    baselines: ClassVar[str] = "segment"

    @property
    def class_values(self) -> tuple[int, ...]:
        """The values of the mask files; images that are their own masks are white on black."""
        return self.values

    def check(self, images: ImageSet) -> None:
        """Check that images which are their own masks are grey."""
        if self.own_masks and images.spec.channels != 1:
            raise DataError(
                f"expected grey images that are their own masks, white on black; '{images.name}' has "
                f"{images.spec.channels} channels. Give masks with --targets, and task.masks=files"
            )

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """The images, without the mask that is their last channel."""
        return spec if self.own_masks else replace(spec, channels=spec.channels - 1)

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """One channel."""
        return replace(spec, channels=1)

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Take the image and its mask apart."""
        if not self.own_masks:
            return image[..., :-1], image[..., -1:]
        mask = np.where(image[..., :1] >= 128, np.uint8(255), np.uint8(0))
        return (clutter(mask, self.clutter, rng) if self.clutter else image), mask

    def unchanged(self, inputs: Pixels) -> None:
        """None: brightness is no class."""

    def finish(self, inputs: Pixels, predictions: Pixels) -> Pixels:
        """The number of each pixel's most likely class."""
        return (predictions >= 128).astype(np.uint8) if len(self.values) == 2 else predictions


@dataclass(frozen=True)
class Pairing(Task):
    """Of one image, give another, whose channels follow those of the first."""

    target_channels: int
    purpose: ClassVar[str] = "turns one image into another, as its pairs of images show"

    def input_spec(self, spec: ImageSpec) -> ImageSpec:
        """The first channels."""
        return replace(spec, channels=spec.channels - self.target_channels)

    def target_spec(self, spec: ImageSpec) -> ImageSpec:
        """The last channels."""
        return replace(spec, channels=self.target_channels)

    def example(self, image: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Take the pair apart."""
        return image[..., : -self.target_channels], image[..., -self.target_channels :]


TASKS: dict[str, Callable[[Any], Task]] = {
    "reconstruct": lambda fields: Reconstruction(),
    "denoise": lambda fields: Denoising(fields.noise, fields.strength),
    "deblur": lambda fields: Deblurring(fields.radius, fields.noise),
    "super-resolve": lambda fields: SuperResolution(fields.factor),
    "colourise": lambda fields: Colourisation(),
    "inpaint": lambda fields: Inpainting(fields.holes, fields.share),
    "segment": lambda fields: Segmentation(fields.masks == "itself", fields.clutter, fields.classes or (0, 255)),
    "pairs": lambda fields: Pairing(fields.target_channels),
}
"""For each kind of task, how to make it of the recipe's fields."""


def task_of(fields: "TaskFields") -> Task:
    """The task that a recipe describes."""
    return TASKS[fields.kind](fields)
