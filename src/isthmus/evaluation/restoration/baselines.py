"""Baselines of restoration, which need no training.

A baseline takes the inputs of an encoder, uint8 `(n, h, w, c)`, and a strength.  It gives predictions as users get
them.  The strength is chosen on other images; see `strengths`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource
from isthmus.data.tasks.colour import chroma, recolour
from isthmus.evaluation.restoration.neighbours import COUNTS, Neighbours

Pixels = NDArray[np.uint8]
Solve = Callable[[Pixels, float], Pixels]
AVERAGED = 5_000
"""Training images of which the mean colour is taken."""


@dataclass(frozen=True)
class Baseline:
    """A way to restore images without training.

    Attributes:
        key: A stable name for machines.
        name: Its name for readers.
        solve: From inputs and a strength to predictions.
        strengths: The strengths to try, in order; one where there is nothing to choose.
        setting: A format for a chosen strength, for readers.
        whole: Whether only these strengths make sense, from the least possible; else those between them do too.
        slow: Whether an image takes seconds.
    """

    key: str
    name: str
    solve: Solve
    strengths: tuple[float, ...] = (0.0,)
    setting: str = "{:.3g}"
    whole: bool = False
    slow: bool = False

    @property
    def is_tuned(self) -> bool:
        """Whether there is a strength to choose."""
        return len(self.strengths) > 1


@dataclass(frozen=True)
class Known:
    """What baselines may know besides the inputs.

    Attributes:
        same_shape: Whether results have the shape of inputs.
        classes: The number of classes; 0 for a task whose results are images.
        colours: Images, to take colours from.
        pixels: Images, to take pixels from; None for none.
    """

    same_shape: bool
    classes: int
    colours: ImageSource
    pixels: ImageSource | None


def doubling(least: float, count: int) -> tuple[float, ...]:
    """A number of strengths, each twice the one before."""
    return tuple(least * 2**step for step in range(count))


def untouched() -> Baseline:
    """The unchanged input."""
    return Baseline("untouched", "the unchanged input", lambda inputs, _: inputs)


def denoising() -> list[Baseline]:
    """Filters of single images: median, Gaussian, non-local means, total variation, and BM3D where it is installed."""
    found = [
        untouched(),
        Baseline("median", "median", _median, (1, 3, 5, 7, 9), "width {:.3g} px", whole=True),
        Baseline("gaussian", "Gaussian", _gaussian, doubling(0.25, 5), "sigma {:.3g} px"),
        Baseline("nlm", "non-local means", _non_local_means, doubling(0.01, 8), "strength {:.3g}"),
        Baseline("tv", "total variation", _total_variation, doubling(0.005, 9), "weight {:.3g}"),
    ]
    if find_spec("bm3d") is not None:
        found.append(Baseline("bm3d", "BM3D", _bm3d, doubling(0.02, 6), "assumed noise {:.3g}", slow=True))
    return found


def sharpening() -> list[Baseline]:
    """An unsharp mask."""
    return [untouched(), Baseline("unsharp", "unsharp mask", _unsharp, doubling(0.25, 6), "amount {:.3g}")]


def enlarging() -> list[Baseline]:
    """Bicubic interpolation, which is the encoder's input."""
    return [Baseline("bicubic", "bicubic", lambda inputs, _: inputs)]


def colouring(train: ImageSource) -> list[Baseline]:
    """No colour, and the mean colour of the training images for every pixel."""
    some = train.read(np.linspace(0, len(train) - 1, min(AVERAGED, len(train))).astype(np.int64))
    mean = np.rint(chroma(np.asarray(some[..., :3], np.uint8)).reshape(-1, 2).mean(axis=0)).astype(np.uint8)

    def in_one_colour(inputs: Pixels, _: float) -> Pixels:
        return recolour(inputs, np.broadcast_to(mean, (*inputs.shape[:3], 2)))

    return [
        Baseline("grey", "left grey", lambda inputs, _: np.repeat(inputs, 3, axis=-1)),
        Baseline("mean_chrominance", "mean chrominance", in_one_colour),
    ]


def filling(train: ImageSource | None) -> list[Baseline]:
    """Biharmonic interpolation, and the mean of the training images that are nearest by the pixels that are known."""
    found = [Baseline("biharmonic", "biharmonic", _biharmonic)]
    if train is not None and len(train):
        counts = tuple(count for count in COUNTS if count <= len(train))
        fill = Neighbours(train).fill
        found.append(Baseline("nearest", "nearest training images", fill, counts, "{:.3g} averaged", whole=True))
    return found


def segmenting(classes: int) -> list[Baseline]:
    """Otsu's threshold (of two classes), and k-means of colours; predictions are numbers of regions, not classes."""
    found = [Baseline("k_means", "k-means on colour", partial(_k_means, classes))]
    if classes == 2:
        found.insert(0, Baseline("otsu", "Otsu", _otsu))
    return found


BASELINES: Mapping[str, Callable[[Known], list[Baseline]]] = {
    "unchanged": lambda known: [untouched()] if known.same_shape else [],
    "denoise": lambda _: denoising(),
    "sharpen": lambda _: sharpening(),
    "enlarge": lambda _: enlarging(),
    "colour": lambda known: colouring(known.colours),
    "fill": lambda known: filling(known.pixels),
    "segment": lambda known: segmenting(known.classes),
}
"""The baselines of each kind, which a task names."""
SLOW = frozenset({"denoise"})
"""The kinds whose good filters take a second for each image."""


def _each(function: Callable[[Pixels], NDArray[np.floating]], inputs: Pixels) -> Pixels:
    """Apply what takes one image and gives its brightness from 0 to 1; some filters drop a channel that is alone."""
    height, width = inputs.shape[1:3]
    return np.stack([_levels(function(image)).reshape(height, width, -1) for image in inputs])


def _levels(light: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.rint(np.clip(light, 0.0, 1.0) * 255), np.uint8)


def _median(inputs: Pixels, width: float) -> Pixels:
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(inputs, size=(1, int(width), int(width), 1)))


def _gaussian(inputs: Pixels, deviation: float) -> Pixels:
    from scipy.ndimage import gaussian_filter

    return _levels(gaussian_filter(inputs / 255.0, (0, deviation, deviation, 0)))


def _non_local_means(inputs: Pixels, strength: float) -> Pixels:
    from skimage.restoration import denoise_nl_means

    return _each(
        lambda image: denoise_nl_means(
            image / 255.0, patch_size=3, patch_distance=7, h=strength, fast_mode=True, channel_axis=-1
        ),
        inputs,
    )


def _total_variation(inputs: Pixels, weight: float) -> Pixels:
    from skimage.restoration import denoise_tv_chambolle

    return _each(lambda image: denoise_tv_chambolle(image / 255.0, weight=weight, channel_axis=-1), inputs)


def _bm3d(inputs: Pixels, deviation: float) -> Pixels:
    import bm3d

    def one(image: Pixels) -> NDArray[np.floating]:
        light = image / 255.0
        if image.shape[-1] == 3:
            return np.asarray(bm3d.bm3d_rgb(light, deviation))
        planes = [np.asarray(bm3d.bm3d(light[..., c], deviation)) for c in range(image.shape[-1])]
        return np.stack([plane.reshape(image.shape[:2]) for plane in planes], axis=-1)

    return _each(one, inputs)


def _unsharp(inputs: Pixels, amount: float) -> Pixels:
    from scipy.ndimage import gaussian_filter

    light = inputs / 255.0
    return _levels(light + amount * (light - gaussian_filter(light, (0, 1, 1, 0))))


def _biharmonic(inputs: Pixels, _: float) -> Pixels:
    from skimage.restoration import inpaint_biharmonic

    def one(image: Pixels) -> NDArray[np.floating]:
        return np.asarray(inpaint_biharmonic(image[..., :-1] / 255.0, image[..., -1] == 0, channel_axis=-1))

    return np.where(inputs[..., -1:] > 0, inputs[..., :-1], _each(one, inputs))


def _otsu(inputs: Pixels, _: float) -> Pixels:
    from skimage.filters import threshold_otsu

    grey = np.rint(inputs.mean(axis=-1)).astype(np.uint8)
    regions = [
        image > threshold_otsu(image) if image.max() > image.min() else np.zeros(image.shape, bool) for image in grey
    ]
    return np.stack(regions)[..., np.newaxis].astype(np.uint8)


def _k_means(classes: int, inputs: Pixels, _: float) -> Pixels:
    from sklearn.cluster import KMeans

    def one(image: Pixels) -> Pixels:
        colours = image.reshape(-1, image.shape[-1]).astype(np.float32)
        clusters = min(classes, len(np.unique(colours, axis=0)))
        found = KMeans(clusters, n_init=3, random_state=0).fit_predict(colours)
        return np.asarray(found, np.uint8).reshape(*image.shape[:2], 1)

    return np.stack([one(image) for image in inputs])


def best_labelling(regions: Iterable[Pixels], truth: Iterable[Pixels], classes: int) -> list[Pixels]:
    """Give each image's regions the classes with which they agree best: what no baseline without labels could know.

    A region for which the image has no class left becomes background.
    """
    from scipy.optimize import linear_sum_assignment

    labelled = []
    for region, mask in zip(regions, truth, strict=True):
        counts = np.zeros((classes, classes))
        np.add.at(counts, (region.ravel(), mask.ravel()), 1)
        rows, columns = linear_sum_assignment(-counts)
        table = np.zeros(classes, np.uint8)
        table[rows] = np.where(counts.sum(axis=0)[columns] > 0, columns, 0)
        labelled.append(table[region])
    return labelled
