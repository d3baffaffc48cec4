"""What codes are good for where labels exist: telling classes apart, beside raw pixels and PCA."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.evaluation.features import flat_pixels
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.table import Row, Section, share_row, value_row
from isthmus.progress import progress_bar
from isthmus.wording import spell_count

TITLE = "Representation"
NEIGHBOURS = 10
_MOST_CLASSES = 200

Features = NDArray[np.floating]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Representation:
    """How well classes are told apart, shares from 0 to 1.

    Attributes:
        neighbours: Accuracy of a vote of the nearest training images, by what they are compared by.
        probe: Accuracy of logistic regression on standardised features, likewise.
        commonest: The share of the commonest class: what saying always the same gets.
        cluster_accuracy: Accuracy of a mixture of Gaussians fitted to codes, its clusters matched to classes.
        cluster_nmi: Normalised mutual information of its clusters and the classes.
        trained_on: Labelled training images.
        tested_on: Labelled test images.
        clusters: The classes of the test images, and as many Gaussians.
        unknown: Test images of classes that the run does not know, which are left out.
        unknown_classes: The names of these classes.
    """

    neighbours: Mapping[str, float]
    probe: Mapping[str, float]
    commonest: float
    cluster_accuracy: float
    cluster_nmi: float
    trained_on: int
    tested_on: int
    clusters: int
    unknown: int = 0
    unknown_classes: tuple[str, ...] = ()


def measure_representation(measured: Measurements) -> Representation | str:
    """Tell classes apart by codes, PCA and pixels; or say why that cannot be."""
    train, test = measured.train_codes, measured.subset_codes
    if train is None:
        return "The training images cannot be found, so nothing can be learned from their labels."
    if train.labels is None or test.labels is None:
        return "The images have no labels."
    truth, known = test.labels, test.labels < len(measured.run.class_names)
    if not known.any():
        return "The images have none of the run's classes."
    classes = len(np.unique(train.labels))
    if not 2 <= classes <= _MOST_CLASSES:
        return f"The training images have {classes} classes; from 2 to {_MOST_CLASSES} are told apart."
    pca = measured.pca
    assert measured.train_pixels is not None
    assert pca is not None
    features: dict[str, tuple[Features, Features]] = {
        "codes": (train.mean, test.mean[known]),
        "pca": (pca.encode(measured.train_pixels), pca.encode(measured.test_pixels[known])),
        "pixels": (flat_pixels(measured.train_pixels), flat_pixels(measured.test_pixels[known])),
    }
    truth = truth[known]
    judges: dict[str, Callable[..., float]] = {"neighbours": neighbour_accuracy, "probe": probe_accuracy}
    found: dict[str, dict[str, float]] = {judge: {} for judge in judges}
    with progress_bar("representation", len(features) * len(judges) + 1) as bar:
        for i, (name, (learned, new)) in enumerate(features.items()):
            for j, (judge, accuracy) in enumerate(judges.items()):
                found[judge][name] = accuracy(learned, train.labels, new, truth)
                bar.update(i * len(judges) + j + 1)
        clusters = len(np.unique(truth))
        accuracy_of_clusters, nmi = cluster_agreement(features["codes"][1], truth, clusters, measured.seed)
        bar.update(len(features) * len(judges) + 1)
    commonest = np.bincount(truth).max() / len(truth)
    return Representation(
        found["neighbours"],
        found["probe"],
        float(commonest),
        accuracy_of_clusters,
        nmi,
        len(train),
        len(truth),
        clusters,
        len(test) - len(truth),
        measured.test.class_names[len(measured.run.class_names) :],
    )


def neighbour_accuracy(known: Features, labels: Labels, new: Features, truth: Labels) -> float:
    """The share of `new` `(m, d)` that a vote of the nearest among `known` `(n, d)` gets right."""
    from sklearn.neighbors import KNeighborsClassifier

    voters = KNeighborsClassifier(min(NEIGHBOURS, len(known))).fit(known, labels)
    return float(np.mean(voters.predict(new) == truth))


def probe_accuracy(known: Features, labels: Labels, new: Features, truth: Labels) -> float:
    """The share of `new` `(m, d)` that logistic regression, fitted on `known` `(n, d)`, gets right."""
    from sklearn.linear_model import LogisticRegression

    # Dimensions on one scale; those that never vary stay out of it.
    mean, scale = known.mean(axis=0), known.std(axis=0)
    scale = np.where(scale > 1e-6, scale, np.inf)
    known, new = (known - mean) / scale, (new - mean) / scale
    if known.shape[1] > len(known):
        # The best weights are a sum of the images, so that coordinates in the span of these are enough.
        squares, axes = np.linalg.eigh(known @ known.T)
        spans = squares > 1e-6 * squares[-1]
        axes = axes[:, spans] / np.sqrt(squares[spans])
        known, new = known @ (known.T @ axes), new @ (known.T @ axes)
    # As far as it comes in 200 steps: what is left changes no digit that is shown.
    probe = LogisticRegression(max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probe.fit(known, labels)
    return float(np.mean(probe.predict(new) == truth))


def cluster_agreement(codes: Features, labels: Labels, clusters: int, seed: int) -> tuple[float, float]:
    """Fit a mixture of Gaussians to codes `(n, d)` without their labels, and compare its clusters with the classes.

    Returns:
        The accuracy under the best matching of clusters to classes (the Hungarian method), and the normalised mutual
        information; both from 0 to 1.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix
    from sklearn.mixture import GaussianMixture

    lively = codes[:, codes.std(axis=0) > 1e-6]
    if len(codes) <= clusters or lively.shape[1] == 0:
        return float(np.bincount(labels).max() / len(labels)), 0.0
    shape = "full" if len(codes) > 5 * clusters * lively.shape[1] else "diag"
    mixture = GaussianMixture(clusters, covariance_type=shape, reg_covar=1e-4, n_init=3, random_state=seed)
    found = mixture.fit_predict(lively)
    table = contingency_matrix(labels, found)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(labels)), float(normalized_mutual_info_score(labels, found))


def representation_section(found: Representation | str) -> Section:
    """The table of representation metrics, or the reason why there are none."""
    if isinstance(found, str):
        return Section("representation", TITLE, (), found)
    tested_on = spell_count(found.tested_on, "test image")
    where = f"learned from {spell_count(found.trained_on, 'training image')}, on {tested_on}"
    of = {"codes": "the codes (posterior means)", "pca": "PCA of the same size", "pixels": "the raw pixels"}
    rows: list[Row] = []
    for judge, title, words in (
        ("neighbours", "nearest neighbours", f"a vote of the {NEIGHBOURS} nearest"),
        ("probe", "linear probe", "logistic regression"),
    ):
        for name, share in getattr(found, judge).items():
            meaning = f"Accuracy of {words} on {of[name]}, {where}."
            rows.append(share_row(f"{judge}_{name}", f"{title}, {name}", share, found.tested_on, meaning))
    rows += [
        value_row(
            "commonest_class",
            "most common class",
            found.commonest,
            "Accuracy of always predicting the most common class.",
        ),
        share_row(
            "cluster_accuracy",
            "clustering accuracy",
            found.cluster_accuracy,
            found.tested_on,
            f"{found.clusters} Gaussians fitted to the codes of {tested_on} without their labels, "
            "matched to the classes.",
        ),
        value_row(
            "cluster_nmi", "clustering NMI", found.cluster_nmi, "Mutual information of clusters and classes, 0 to 1."
        ),
    ]
    note = ""
    if found.unknown:
        names = ", ".join(found.unknown_classes)
        note = f"{found.unknown} test images are left out: of classes that the run does not know ({names})."
    return Section("representation", TITLE, tuple(rows), note)
