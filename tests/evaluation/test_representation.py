import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from isthmus.evaluation.representation import cluster_agreement, neighbour_accuracy, probe_accuracy


@pytest.fixture
def blobs():
    """Three classes in three places, to learn from and to test on."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    places = np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 0.0], [0.0, 6.0, 0.0]])
    codes = places[labels] + rng.standard_normal((300, 3)) * 0.5
    return codes[:150], labels[:150], codes[150:], labels[150:]


def test_classes_apart_are_told_apart(blobs):
    assert neighbour_accuracy(*blobs) == 1.0
    assert probe_accuracy(*blobs) == 1.0
    accuracy, nmi = cluster_agreement(blobs[2], blobs[3], 3, 0)
    assert accuracy == 1.0
    assert nmi == pytest.approx(1.0)


def test_noise_tells_nothing():
    rng = np.random.default_rng(0)
    known, new = rng.standard_normal((2, 600, 3))
    labels, truth = rng.integers(0, 3, (2, 600))
    assert neighbour_accuracy(known, labels, new, truth) == pytest.approx(1 / 3, abs=0.08)
    assert probe_accuracy(known, labels, new, truth) == pytest.approx(1 / 3, abs=0.08)
    accuracy, nmi = cluster_agreement(new, truth, 3, 0)
    assert accuracy < 0.45
    assert nmi < 0.03


def test_a_probe_of_more_dimensions_than_images_is_logistic_regression():
    rng = np.random.default_rng(1)
    labels, truth = np.arange(90) % 3, np.arange(300) % 3
    known, new = (rng.standard_normal((len(y), 150)) + 0.2 * y[:, None] for y in (labels, truth))
    scale = StandardScaler().fit(known)
    expected = LogisticRegression(max_iter=1000).fit(scale.transform(known), labels).score(scale.transform(new), truth)
    assert 0.5 < expected < 1.0
    assert probe_accuracy(known, labels, new, truth) == pytest.approx(expected, abs=0.01)


def test_a_probe_of_dead_dimensions_says_the_commonest_class(blobs):
    dead = np.zeros((150, 2))
    assert probe_accuracy(dead, np.repeat([0, 0, 1], 50), dead, np.repeat([0, 0, 1], 50)) == pytest.approx(2 / 3)
    assert cluster_agreement(dead, blobs[3], 3, 0) == (pytest.approx(1 / 3), 0.0)


def test_clusters_of_other_names_are_matched(blobs):
    renamed = np.array([2, 0, 1])[blobs[3]]
    assert cluster_agreement(blobs[2], renamed, 3, 0)[0] == 1.0
