"""What answers are judged by: for each task its measures, of which the first decides."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.evaluation.reconstruction import closeness
from isthmus.evaluation.restoration.measures import chroma_error, dice, intersection_over_union, psnr_within

Pixels = NDArray[np.uint8]
Figures = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Posed:
    """Questions with their answers: what is shown, what was asked for, and the truth as users would see it."""

    seen: Pixels
    truth: Pixels

    def some(self, most: int) -> "Posed":
        """At most so many of them, spread evenly."""
        chosen = np.linspace(0, len(self.seen) - 1, min(most, len(self.seen))).astype(np.int64)
        return Posed(self.seen[chosen], self.truth[chosen])


@dataclass(frozen=True)
class Measure:
    """A figure of merit.

    Attributes:
        key: A stable name.
        name: For readers.
        unit: What it is counted in.
        meaning: What it says.
        rising: Whether more is better.
    """

    key: str
    name: str
    unit: str
    meaning: str
    rising: bool = True


PSNR = Measure("psnr_db", "PSNR", "dB", "Peak signal-to-noise ratio")
SSIM = Measure("ssim", "SSIM", "", "Structural similarity")
MSE = Measure("mse", "MSE", "", "Mean squared error, brightness 0 to 1", rising=False)
HOLES = Measure("psnr_db", "PSNR in the holes", "dB", "Peak signal-to-noise ratio of the missing pixels alone")
CHROMA = Measure("chroma_error", "chroma error", "", "Distance in a and b of CIE Lab, root mean square", rising=False)
IOU = Measure("iou", "IoU", "", "Intersection over union, the mean over an image's classes but the first")
DICE = Measure("dice", "Dice", "", "Dice's coefficient, the mean over an image's classes but the first")


@dataclass(frozen=True)
class Judge:
    """Who compares answers with the truth.

    Attributes:
        compare: From questions and answers as users get them to figures by the keys of the measures, each `(n,)`; a
            measure may be missing.
        measures: By which; the first decides what is best.
    """

    compare: Callable[[Posed, Pixels], Figures]
    measures: tuple[Measure, ...]

    @property
    def first(self) -> Measure:
        """What decides."""
        return self.measures[0]

    def merit(self, figures: Figures) -> float:
        """One number for figures, more is better."""
        mean = float(figures[self.first.key].mean())
        return mean if self.first.rising else -mean


def judge_of(task: Any) -> Judge:
    """Who judges a task: masks go by their overlap, colours by their distance, all else by its pixels."""
    match task.kind:
        case "segment":
            return Judge(partial(_as_masks, len(task.classes) or 2), (IOU, DICE))
        case "colourise":
            return Judge(_in_colour, (CHROMA, PSNR, SSIM))
        case "inpaint":
            return Judge(_in_holes, (HOLES, SSIM, MSE))
    return Judge(_as_pictures, (PSNR, SSIM, MSE))


def _as_pictures(questions: Posed, given: Pixels) -> Figures:
    near = closeness(questions.truth / np.float32(255), given / np.float32(255))
    figures = {"psnr_db": near.psnr, "mse": near.mse}
    return figures if np.isnan(near.ssim).any() else {**figures, "ssim": near.ssim}


def _in_holes(questions: Posed, given: Pixels) -> Figures:
    within = psnr_within(questions.truth, given, questions.seen[..., -1:] == 0)
    return {**_as_pictures(questions, given), "psnr_db": within}


def _in_colour(questions: Posed, given: Pixels) -> Figures:
    return {**_as_pictures(questions, given), "chroma_error": chroma_error(questions.truth, given)}


def _as_masks(classes: int, questions: Posed, given: Pixels) -> Figures:
    truth = questions.truth
    return {"iou": intersection_over_union(truth, given, classes), "dice": dice(truth, given, classes)}
