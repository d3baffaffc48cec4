"""Batches: what the encoder is shown and what the decoder must give, with the random part drawn from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data.augmentation import augment
from isthmus.data.images import ImageArray, ImageSource
from isthmus.data.plan import BatchPlan
from isthmus.errors import UsageError
from isthmus.noise import uniform_by_image

if TYPE_CHECKING:  # recipes bring pydantic along, and data does without
    from isthmus.recipes import Augmentation, Pixels

# Tells the random numbers here from the others that the same seed gives.
_TRAINING, _EVALUATION, _AUGMENTATION = 0x7261696E, 0x6576616C, 0x6175676D


@dataclass(frozen=True, eq=False)
class Batch:
    """Images as the model takes them, each `(b, height, width, channels)`, of the source's type."""

    seen: ImageArray
    """What the encoder is shown."""
    target: ImageArray
    """What the decoder must give."""


@dataclass(frozen=True, eq=False)
class TrainingBatches:
    """The batches of a training, any of which can be asked for at any time and is the same each time.

    Images are augmented first, as the recipe says, by the seed and the step.

    With stochastic binarisation each pixel is white with the probability that its brightness gives, drawn afresh for
    each step from the seed; what the encoder is shown and what the decoder must give are the same draw.  Other pixels
    pass unchanged: thresholds are in the model's graph.

    Raises:
        UsageError: If the plan is for another number of images, or the source's type is not what `pixels` says.
    """

    source: ImageSource
    plan: BatchPlan
    pixels: "Pixels"
    seed: int
    augmentation: "Augmentation | None" = None

    def __post_init__(self) -> None:
        _check(self.source, self.pixels)
        if self.plan.length != len(self.source):
            raise UsageError(f"expected a plan for {len(self.source)} images; got one for {self.plan.length}")

    def batch(self, step: int) -> Batch:
        """Make the batch of a step, counted from 0 over the whole training: `plan.batch_size` images."""
        images = self.source.read(self.plan.indices(step))
        if self.augmentation is not None and not self.augmentation.is_off:
            images = augment(images, self.augmentation, np.random.default_rng([self.seed, _AUGMENTATION, step]))
        if self.pixels.binarise == "stochastic":
            rng = np.random.default_rng([self.seed, _TRAINING, step])
            images = _binarised(images, rng.random(images.shape, dtype=np.float32))
        return Batch(images, images)


@dataclass(frozen=True, eq=False)
class EvaluationBatches:
    """Every image of a source once, in order, in batches any of which can be asked for; the last may be smaller.

    With stochastic binarisation the draw of an image follows from the seed and the image's number alone, so a score
    does not depend on the batch size.

    Raises:
        UsageError: If `batch_size` is not positive, or the source's type is not what `pixels` says.
    """

    source: ImageSource
    batch_size: int
    pixels: "Pixels"
    seed: int

    def __post_init__(self) -> None:
        _check(self.source, self.pixels)
        if self.batch_size < 1:
            raise UsageError(f"expected at least one image a batch; got {self.batch_size}")

    def __len__(self) -> int:
        return -(-len(self.source) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Batch:
        start = index * self.batch_size
        images = self.source.read(np.arange(start, min(start + self.batch_size, len(self.source)), dtype=np.int64))
        if self.pixels.binarise == "stochastic":
            uniform = uniform_by_image([self.seed, _EVALUATION], start, len(images), self.source.spec.dims)
            images = _binarised(images, uniform.reshape(images.shape))
        return Batch(images, images)


def evaluation_batches(source: ImageSource, batch_size: int, pixels: "Pixels", seed: int) -> Iterator[Batch]:
    """Give every image of a source once, in order; see `EvaluationBatches`.

    Raises:
        UsageError: If `batch_size` is not positive, or the source's type is not what `pixels` says.
    """
    return iter(EvaluationBatches(source, batch_size, pixels, seed))


def _binarised(images: ImageArray, uniform: NDArray[np.float32]) -> ImageArray:
    """Make pixels white where `uniform` is below their brightness: never for 0, always for the brightest."""
    if images.dtype == np.uint8:
        return np.where(uniform < images / np.float32(255), np.uint8(255), np.uint8(0))
    return (uniform < images).astype(np.float32)


def _check(source: ImageSource, pixels: "Pixels") -> None:
    if source.spec.dtype != pixels.dtype:
        raise UsageError(
            f"expected {pixels.dtype} images, as pixels.dtype says; got {source.spec.dtype}. "
            f"Open them so: open_images(data, dtype='{pixels.dtype}')"
        )
