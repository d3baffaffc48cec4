"""Metrics of restored images: for each task its own, of which the first decides."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Task
from isthmus.evaluation.reconstruction import closeness, psnr

Pixels = NDArray[np.uint8]
FloatArray = NDArray[np.float64]
Values = dict[str, FloatArray]


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs of the encoder with their targets as users see them, each `(n, h, w, c)`."""

    input: Pixels
    target: Pixels

    def some(self, most: int) -> "Examples":
        """At most `most` of them, evenly spread."""
        chosen = np.linspace(0, len(self.input) - 1, min(most, len(self.input))).astype(np.int64)
        return Examples(self.input[chosen], self.target[chosen])


@dataclass(frozen=True)
class Metric:
    """A metric of a prediction.

    Attributes:
        key: Its stable name, for machines.
        name: Its name, for readers.
        unit: Its unit; empty for a pure number.
        meaning: What it is, in words.
        rising: Whether more is better.
    """

    key: str
    name: str
    unit: str
    meaning: str
    rising: bool = True


PSNR = Metric("psnr_db", "PSNR", "dB", "Peak signal-to-noise ratio")
SSIM = Metric("ssim", "SSIM", "", "Structural similarity")
MSE = Metric("mse", "MSE", "", "Mean squared error, brightness 0 to 1", rising=False)
HOLES = Metric("psnr_db", "PSNR in the holes", "dB", "Peak signal-to-noise ratio of the missing pixels alone")
CHROMA = Metric("chroma_error", "chroma error", "", "Distance in a and b of CIE Lab, root mean square", rising=False)
IOU = Metric("iou", "IoU", "", "Intersection over union, the mean over an image's classes but the first")
DICE = Metric("dice", "Dice", "", "Dice's coefficient, the mean over an image's classes but the first")


@dataclass(frozen=True)
class TaskMetrics:
    """The metrics of a task.

    Attributes:
        compare: Computes values by key of metric, each `(n,)`, from examples and predictions as users get them; a
            metric may be missing.
        listed: The metrics; the first decides what is best.
    """

    compare: Callable[[Examples, Pixels], Values]
    listed: tuple[Metric, ...]

    @property
    def first(self) -> Metric:
        """The metric that decides."""
        return self.listed[0]

    def merit(self, values: Values) -> float:
        """One number for values; higher is better."""
        mean = float(values[self.first.key].mean())
        return mean if self.first.rising else -mean


def metrics_of(task: Task) -> TaskMetrics:
    """The metrics of a task: the overlap of masks, the distance of colours, and errors of pixels for all others."""
    if task.class_values:
        return TaskMetrics(partial(_as_masks, len(task.class_values)), (IOU, DICE))
    if task.adds_colour:
        return TaskMetrics(_in_colour, (CHROMA, PSNR, SSIM))
    if task.fills_holes:
        return TaskMetrics(_in_holes, (HOLES, SSIM, MSE))
    return TaskMetrics(_as_images, (PSNR, SSIM, MSE))


def _as_images(examples: Examples, prediction: Pixels) -> Values:
    near = closeness(examples.target / np.float32(255), prediction / np.float32(255))
    values = {"psnr_db": near.psnr, "mse": near.mse}
    return values if np.isnan(near.ssim).any() else {**values, "ssim": near.ssim}


def _in_holes(examples: Examples, prediction: Pixels) -> Values:
    within = psnr_within(examples.target, prediction, examples.input[..., -1:] == 0)
    return {**_as_images(examples, prediction), "psnr_db": within}


def _in_colour(examples: Examples, prediction: Pixels) -> Values:
    return {**_as_images(examples, prediction), "chroma_error": chroma_error(examples.target, prediction)}


def _as_masks(classes: int, examples: Examples, prediction: Pixels) -> Values:
    masks = examples.target, prediction
    return {"iou": intersection_over_union(*masks, classes), "dice": dice(*masks, classes)}


def psnr_within(target: Pixels, prediction: Pixels, chosen: NDArray[np.bool_]) -> FloatArray:
    """Peak signal-to-noise ratio of the `chosen` pixels `(n, h, w, 1)` alone, dB, `(n,)`; NaN where there are none."""
    error = np.square((target.astype(np.float64) - prediction) / 255.0).mean(axis=-1, keepdims=True)
    count = chosen.sum(axis=(1, 2, 3))
    with np.errstate(invalid="ignore"):
        mse = (error * chosen).sum(axis=(1, 2, 3)) / count
    return psnr(mse)


def chroma_error(target: Pixels, prediction: Pixels) -> FloatArray:
    """The distance of colours, root mean square over an image's pixels in a and b of CIE Lab, `(n,)`.

    Args:
        target: RGB, `(n, h, w, 3)`.
        prediction: The same.
    """
    from skimage.color import rgb2lab

    apart = rgb2lab(target)[..., 1:] - rgb2lab(prediction)[..., 1:]
    return np.asarray(np.sqrt(np.square(apart).sum(axis=-1).mean(axis=(1, 2))))


def intersection_over_union(target: Pixels, prediction: Pixels, classes: int) -> FloatArray:
    """Jaccard's index of each class but the first, their mean: `(n,)`.

    The mean is over the classes that the target or the prediction has.  A class that neither has is left out:
    counted as found, it would bring a prediction of background alone near 1 where there are many classes.  Where the
    target has no class but background, such a prediction has 1.

    Args:
        target: The number of each pixel's class, `(n, h, w, 1)`.
        prediction: The same.
        classes: How many there are, with the first.
    """
    return _over_classes(_indices(target, prediction, classes))


def dice(target: Pixels, prediction: Pixels, classes: int) -> FloatArray:
    """Dice's coefficient of each class but the first, their mean: `(n,)`; see `intersection_over_union`."""
    index = _indices(target, prediction, classes)
    return _over_classes(2.0 * index / (1.0 + index))


def _indices(target: Pixels, prediction: Pixels, classes: int) -> FloatArray:
    """Jaccard's index of each class but the first, `(classes - 1, n)`; NaN where neither mask has it."""
    each = []
    for kind in range(1, classes):
        mine, yours = target == kind, prediction == kind
        both, either = (mine & yours).sum(axis=(1, 2, 3)), (mine | yours).sum(axis=(1, 2, 3))
        each.append(np.where(either > 0, both / np.maximum(either, 1), np.nan))
    return np.stack(each)


def _over_classes(each: FloatArray) -> FloatArray:
    there = ~np.isnan(each)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, each, 0.0).sum(axis=0) / np.maximum(count, 1), 1.0)
