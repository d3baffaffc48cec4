"""How new images compare with real ones: as sample sets, and one by one with the training images.

The feature space needs no download: the principal components of the training pixels.  Distances in it are those of
pixels, not of the Inception network, so nothing here is an FID.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource, batch_size_for, select
from isthmus.evaluation.features import PixelFeatures, flat_pixels
from isthmus.evaluation.label_agreement import LabelAgreement, label_agreement_rows, measure_label_agreement
from isthmus.evaluation.measurements import Measurements, decode, pixels, subset
from isthmus.evaluation.table import Row, Section, value_row
from isthmus.progress import progress_bar
from isthmus.runs import encode
from isthmus.wording import spell_count

TITLE = "Samples"
COUNT = 2_000
"""Samples, and real images of each kind to set beside them, at most."""
NEAREST = 3
"""Neighbours that span the manifold (Kynkäänniemi et al. 2019, section 2)."""
SEARCHED = 20_000
"""Training images among which the nearest is looked for, at most."""
_NEIGHBOURHOOD = 50
_FALSE_COPIES = 0.01

FloatArray = NDArray[np.float64]
Pixels = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Nearest:
    """The training image nearest to each of some images, by squared distance of pixels.

    Attributes:
        index: `(n,)`, numbers of training images.
        distance: `(n,)`, to it.
        ratio: `(n,)`, of that distance to the mean of the 50 nearest: near 0 for a copy, near 1 for an unrelated image.
    """

    index: NDArray[np.int64]
    distance: FloatArray
    ratio: FloatArray


@dataclass(frozen=True, eq=False)
class SampleResults:
    """How samples compare; each metric of a sample set for samples, reconstructions and training images.

    Attributes:
        frechet: Fréchet distance to the test images.
        precision: The share that lies on the test images' manifold.
        recall: The share of the test images that lies on theirs.
        copies: The share of samples as near to one training image as 1 in 100 test images are.
        nearest: For each sample.
        components: The dimensions of the feature space.
        explained_variance: The share of the training pixels' variance that the feature space holds.
        count: Samples.
        searched: Training images searched for copies.
        labels: How often samples of a label show its class; None without labels.
    """

    frechet: dict[str, float]
    precision: dict[str, float]
    recall: dict[str, float]
    copies: float
    nearest: Nearest
    components: int
    explained_variance: float
    count: int
    searched: int
    labels: LabelAgreement | None


def measure_samples(measured: Measurements) -> SampleResults | str:
    """Draw samples and compare them; or say why that is impossible."""
    run, seed = measured.run, measured.seed
    if measured.train is None or measured.train_pixels is None:
        return "The training images cannot be found, so copies cannot be looked for."
    test_source = subset(measured.test, COUNT, seed)
    test = pixels(run, test_source, seed)
    if len(test) < 100 or len(measured.train_pixels) < 100:
        return f"Too few images to compare sample sets: {spell_count(len(test), 'test image')}; 100 are the least."
    count = len(test)
    with progress_bar("samples", 6) as bar:
        # As often of each class as the images that they are compared with.
        classes = test_source.labels if run.is_conditional else None
        samples = decode(run, run.sample_codes(count, classes, seed), classes)
        bar.update(1)
        again = decode(run, encode(run, test_source, progress=None).posterior["mean"], classes)
        features = PixelFeatures(measured.train_pixels, seed)
        sample_sets = {"samples": samples, "reconstructions": again, "training": measured.train_pixels[:count]}
        real = features(test)
        bar.update(2)
        frechet, precision, recall = {}, {}, {}
        for name, images in sample_sets.items():
            placed = features(images)
            frechet[name] = frechet_distance(real, placed)
            precision[name], recall[name] = precision_recall(real, placed)
        bar.update(3)
        searched = subset(measured.train, SEARCHED, seed)
        reference = nearest_images(measured, test, searched)
        bar.update(4)
        nearest = nearest_images(measured, samples, searched)
        bar.update(5)
        labels = measure_label_agreement(measured, features)
        bar.update(6)
    copies = float(np.mean(nearest.ratio < np.quantile(reference.ratio, _FALSE_COPIES)))
    return SampleResults(
        frechet,
        precision,
        recall,
        copies,
        nearest,
        features.components,
        features.explained_variance,
        count,
        len(searched),
        labels,
    )


def frechet_distance(a: FloatArray, b: FloatArray) -> float:
    """Squared Fréchet distance of the Gaussians fitted to features `(n, d)` and `(m, d)` (Dowson & Landau 1982)."""
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    # tr √(A B) = tr √(√A B √A), which is symmetric.
    crossed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0.0)).sum()
    between = float(np.sum(np.square(a.mean(axis=0) - b.mean(axis=0))))
    return max(0.0, between + float(np.trace(cov_a) + np.trace(cov_b) - 2.0 * crossed))


def precision_recall(real: FloatArray, new: FloatArray, neighbours: int = NEAREST) -> tuple[float, float]:
    """The share of `new` `(m, d)` on the manifold of `real` `(n, d)`, and of `real` on that of `new`.

    A manifold is the union of balls around its points, each reaching to the point's k-th neighbour; Kynkäänniemi et
    al. (2019), eq. 1 and 2.
    """
    return _share_covered(real, new, neighbours), _share_covered(new, real, neighbours)


def nearest_images(measured: Measurements, images: Pixels, train: ImageSource) -> Nearest:
    """Find the training image nearest to each of `images` `(n, h, w, c)`; memory does not grow with those searched."""
    count, flat = len(images), flat_pixels(images)
    kept = min(_NEIGHBOURHOOD, len(train))
    best = np.full((count, kept), np.inf, np.float32)
    index = np.zeros(count, np.int64)
    norms = np.sum(np.square(flat), axis=1)
    size = batch_size_for(max(count, flat.shape[1]))
    for start in range(0, len(train), size):
        stop = min(start + size, len(train))
        part = flat_pixels(_part_pixels(measured, train, start, stop))
        squared = np.maximum(norms[:, None] + np.sum(np.square(part), axis=1) - 2.0 * flat @ part.T, 0.0)
        closest = squared.argmin(axis=1)
        nearer = squared[np.arange(count), closest] < best.min(axis=1)
        index[nearer] = start + closest[nearer]
        best = np.partition(np.concatenate([best, squared], axis=1), kept - 1, axis=1)[:, :kept]
    distances = np.sqrt(best.astype(np.float64))
    least = distances.min(axis=1)
    return Nearest(index, least, least / np.maximum(distances.mean(axis=1), 1e-12))


def samples_section(found: SampleResults | str) -> Section:
    """The table of sample metrics, or the reason why there are none."""
    if isinstance(found, str):
        return Section("samples", TITLE, (), found)
    rows: list[Row] = []
    for name, words in (
        ("samples", "samples"),
        ("reconstructions", "reconstructions of test images: what the decoder alone costs"),
        ("training", "training images: what a perfect model would have"),
    ):
        ending = "" if name == "samples" else f", {name}"
        key = "" if name == "samples" else f"{name}_"
        rows += [
            value_row(
                f"{key}frechet", f"Fréchet distance{ending}", found.frechet[name], f"To test images, of {words}."
            ),
            value_row(
                f"{key}precision",
                f"precision{ending}",
                found.precision[name],
                f"On the test images' manifold; of {words}.",
            ),
            value_row(
                f"{key}recall",
                f"recall{ending}",
                found.recall[name],
                f"Of the test images, on the manifold of {words}.",
            ),
        ]
    rows.append(
        value_row(
            "copies",
            "copies of training images",
            found.copies,
            f"Samples that stand out in nearness to one of {found.searched} training images, against their 50 nearest, "
            "as 1 in 100 test images does; 0.01 by chance.",
        )
    )
    if found.labels is not None:
        rows += label_agreement_rows(found.labels)
    note = (
        f"{found.count} samples and as many test images, in {found.components} principal components of the training "
        f"pixels ({found.explained_variance:.0%} of their variance). This is not FID: compare only metrics of "
        "one data set. Samples are the decoder's means, not draws of pixels."
    )
    return Section("samples", TITLE, tuple(rows), note)


def _share_covered(centres: FloatArray, points: FloatArray, neighbours: int) -> float:
    from sklearn.neighbors import NearestNeighbors

    radii = NearestNeighbors(n_neighbors=min(neighbours + 1, len(centres))).fit(centres).kneighbors(centres)[0][:, -1]
    squared_radii = np.square(radii)
    covered, size = 0, batch_size_for(len(centres))
    for start in range(0, len(points), size):
        part = points[start : start + size]
        squared = np.square(part).sum(axis=1)[:, None] + np.square(centres).sum(axis=1) - 2.0 * part @ centres.T
        covered += int(np.any(squared <= squared_radii, axis=1).sum())
    return covered / len(points)


def _part_pixels(measured: Measurements, train: ImageSource, start: int, stop: int) -> Pixels:
    return pixels(measured.run, select(train, np.arange(start, stop)), measured.seed)
