"""Batches of inputs and targets, with the random part drawn from a seed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data.plan import BatchPlan
from isthmus.data.source import ImageArray, ImageSource
from isthmus.data.tasks.augmentation import augment, check_transposable
from isthmus.data.tasks.kinds import task_of
from isthmus.errors import UsageError
from isthmus.noise import uniform_by_image

if TYPE_CHECKING:  # recipes bring pydantic along, and data does without
    from isthmus.recipes import Pixels, Recipe, TaskFields

# Tells the random numbers here from the others that the same seed gives.
_TRAINING, _EVALUATION, _AUGMENTATION, _TASK = 0x7261696E, 0x6576616C, 0x6175676D, 0x7461736B
BATCH_IMAGES, BATCH_NUMBERS = 500, 1 << 21
"""What is processed at a time, at most, wherever the size of a batch changes no result."""


def batch_size_for(dims: int) -> int:
    """How many images to process at a time: enough to keep the cores busy, few enough to keep memory flat.

    Args:
        dims: The numbers of one image, or what is computed for it where that is more.  Several arrays of a batch may
            be held at once, in float64: 16 MiB each at most, unless a single image is larger.
    """
    return max(1, min(BATCH_IMAGES, BATCH_NUMBERS // dims))


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs and targets of a model, each `(b, height, width, channels)`, of the source's type, and the condition.

    Both are the same images where the task is to reconstruct.
    """

    input: ImageArray
    """What the encoder takes."""
    target: ImageArray
    """What the decoder should give."""
    condition: NDArray[np.int64] | None = None
    """The number of each class, `(b,)`, where the recipe gives it to the model and the source has labels."""


@dataclass(frozen=True, eq=False)
class TrainingBatches:
    """The batches of a training, any of which can be made at any time and is the same each time.

    Images are augmented first, as the recipe says, by the seed and the step.  Then its task makes an input and a target
    of each, with noise and holes drawn afresh for each step.

    With stochastic binarisation each pixel is white with the probability that its brightness gives, drawn afresh for
    each step from the seed; input and target are the same draw.  Other pixels pass unchanged: thresholds are in the
    model's graph.

    Raises:
        UsageError: If the plan is for another number of images, the source's type is not what the recipe says, or
            images that are not square are to be transposed.
    """

    source: ImageSource
    plan: BatchPlan
    recipe: "Recipe"

    def __post_init__(self) -> None:
        _check(self.source, self.recipe.pixels)
        check_transposable(self.recipe.augmentation, self.source.spec.height, self.source.spec.width)
        if self.plan.length != len(self.source):
            raise UsageError(f"expected a plan for {len(self.source)} images; got one for {self.plan.length}")

    def batch(self, step: int) -> Batch:
        """Make the batch of a step, counted from 0 over the whole training: `plan.batch_size` images."""
        recipe, seed = self.recipe, self.recipe.training.seed
        indices = self.plan.indices(step)
        images = self.source.read(indices)
        if not recipe.augmentation.is_off:
            images = augment(images, recipe.augmentation, np.random.default_rng([seed, _AUGMENTATION, step]))
        if recipe.pixels.binarise == "stochastic":
            rng = np.random.default_rng([seed, _TRAINING, step])
            images = binarised(images, rng.random(images.shape, dtype=np.float32))
        batch = _batch_of(
            images, recipe.task, lambda place: np.random.default_rng([seed, _TASK, _TRAINING, step, place])
        )
        return _given(batch, self.source, indices, recipe)


@dataclass(frozen=True, eq=False)
class EvaluationBatches:
    """Every image of a source once, in order, in batches any of which can be made; the last may be smaller.

    What stochastic binarisation and the task draw for an image follows from the seed and the image's number alone, so
    a score does not depend on the batch size.

    Raises:
        UsageError: If `batch_size` is not positive, or the source's type is not what the recipe says.
    """

    source: ImageSource
    batch_size: int
    recipe: "Recipe"
    seed: int

    def __post_init__(self) -> None:
        _check(self.source, self.recipe.pixels)
        if self.batch_size < 1:
            raise UsageError(f"expected at least one image a batch; got {self.batch_size}")

    def __len__(self) -> int:
        return -(-len(self.source) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Batch:
        start = index * self.batch_size
        indices = np.arange(start, min(start + self.batch_size, len(self.source)), dtype=np.int64)
        images = self.source.read(indices)
        if self.recipe.pixels.binarise == "stochastic":
            uniform = uniform_by_image([self.seed, _EVALUATION], start, len(images), self.source.spec.dims)
            images = binarised(images, uniform.reshape(images.shape))
        return _given(make_batch(images, self.recipe.task, self.seed, start), self.source, indices, self.recipe)


def chosen_batch(source: ImageSource, indices: NDArray[np.int64], recipe: "Recipe") -> Batch:
    """Some images of a source, `(m,)`, as a recipe's model takes them, by the seed of its training."""
    batch = make_batch(source.read(indices), recipe.task, recipe.training.seed)
    return _given(batch, source, indices, recipe)


def make_batch(images: ImageArray, task: "TaskFields", seed: int, start: int = 0) -> Batch:
    """Make a task's inputs and targets of images `(n, h, w, c)`, by the seed and their numbers, from `start`."""
    return _batch_of(images, task, lambda place: np.random.default_rng([seed, _TASK, _EVALUATION, start + place]))


def binarised(images: ImageArray, uniform: NDArray[np.float32]) -> ImageArray:
    """Make pixels white where `uniform` is below their brightness: never for 0, always for the brightest.

    Args:
        images: `(n, height, width, channels)`, uint8, or float32 from 0 to 1.
        uniform: Draws from [0, 1), `(n or 1, height, width, channels)`.

    Returns:
        Images of the same shape and dtype, black or white.
    """
    if images.dtype == np.uint8:
        return np.where(uniform < images / np.float32(255), np.uint8(255), np.uint8(0))
    return (uniform < images).astype(np.float32)


def _batch_of(images: ImageArray, task: "TaskFields", generator: Callable[[int], np.random.Generator]) -> Batch:
    made = task_of(task)
    if not made.restores:
        return Batch(images, images)
    pairs = [made.example(np.asarray(image, np.uint8), generator(place)) for place, image in enumerate(images)]
    return Batch(np.stack([image for image, _ in pairs]), np.stack([target for _, target in pairs]))


def condition_at(source: ImageSource, indices: NDArray[np.int64], recipe: "Recipe") -> NDArray[np.int64] | None:
    """The number of the class of images, where the recipe gives it to the model and the source has labels."""
    return source.labels[indices] if recipe.condition.is_given and source.labels is not None else None


def _given(batch: Batch, source: ImageSource, indices: NDArray[np.int64], recipe: "Recipe") -> Batch:
    """A batch of the images at `indices`, with what the recipe's model is given of them besides."""
    return replace(batch, condition=condition_at(source, indices, recipe))


def _check(source: ImageSource, pixels: "Pixels") -> None:
    if source.spec.dtype != pixels.dtype:
        raise UsageError(
            f"expected {pixels.dtype} images, as pixels.dtype says; got {source.spec.dtype}. "
            f"Open them so: open_images(data, dtype='{pixels.dtype}')"
        )
