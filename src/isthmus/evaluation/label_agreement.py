"""Whether samples of one label show its class, by a classifier that was trained on real images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import UsageError
from isthmus.evaluation.features import PixelFeatures
from isthmus.evaluation.measurements import Measurements, decode
from isthmus.evaluation.table import Row, share_row

MOST_CLASSES = 50
MOST_SAMPLES = 2_000
"""Samples of all labels together, and at most a tenth of them for each."""


@dataclass(frozen=True)
class LabelAgreement:
    """How often a classifier agrees with the label that samples were drawn for.

    Attributes:
        shares: The share of each label's samples that the classifier assigns to that class, by class name.
        samples: The number of samples of each label.
        accuracy: The classifier's accuracy on real test images, or None where these have none of the run's labels.
        tested_on: The number of these test images.
        trained_on: The number of training images that the classifier knows.
    """

    shares: Mapping[str, float]
    samples: int
    accuracy: float | None
    tested_on: int
    trained_on: int


def measure_label_agreement(measured: Measurements, features: PixelFeatures) -> LabelAgreement | None:
    """Classify samples of each label; None without labels, or where there are too many or too few classes.

    The classifier is a support vector machine with a Gaussian kernel on the principal components of the pixels.  It is
    trained within a second, and right on 97% of the test images of `digits`.
    """
    from sklearn.svm import SVC

    run, train, test = measured.run, measured.train_subset, measured.test_subset
    if train is None or train.labels is None or measured.train_pixels is None:
        return None
    classes = np.unique(train.labels)
    if not 2 <= len(classes) <= MOST_CLASSES:
        return None
    classifier = SVC().fit(features(measured.train_pixels), train.labels)
    count = min(MOST_SAMPLES // 10, MOST_SAMPLES // len(classes))
    shares: dict[str, float] = {}
    for label in classes:
        try:
            codes = run.sample_codes(count, run.class_names[label], measured.seed)
        except UsageError:  # the run has no distribution of this label: no training image had it
            continue
        images = decode(run, codes, np.full(count, label) if run.is_conditional else None)
        shares[run.class_names[label]] = float(np.mean(classifier.predict(features(images)) == label))
    accuracy, tested_on = _accuracy(classifier.predict(features(measured.test_pixels)), test.labels, classes)
    return LabelAgreement(shares, count, accuracy, tested_on, len(train)) if shares else None


def label_agreement_rows(found: LabelAgreement) -> list[Row]:
    """The rows of the agreement, and of the classifier's own accuracy beside it."""
    worst = min(found.shares, key=lambda name: found.shares[name])
    total = found.samples * len(found.shares)
    classifier = f"a classifier (SVM on principal components) trained on {found.trained_on} real images"
    rows = [
        share_row(
            "label_agreement",
            "label agreement",
            float(np.mean(list(found.shares.values()))),
            total,
            f"Samples of a label that {classifier} assigns to that class: {found.samples} of each of "
            f"{len(found.shares)} labels; least for {worst!r}, {found.shares[worst]:.2f}.",
        )
    ]
    if found.accuracy is not None:
        meaning = f"Accuracy of the same classifier on {found.tested_on} real test images: the most to expect."
        rows.append(
            share_row("label_accuracy", "label agreement, real images", found.accuracy, found.tested_on, meaning)
        )
    return rows


def _accuracy(
    predicted: NDArray[np.int64], labels: NDArray[np.int64] | None, classes: NDArray[np.int64]
) -> tuple[float | None, int]:
    """The share of predictions that are right among images of known classes, and the number of these."""
    known = np.zeros(0, bool) if labels is None else np.isin(labels, classes)
    if labels is None or not known.any():
        return None, 0
    return float(np.mean(predicted[known] == labels[known])), int(known.sum())
