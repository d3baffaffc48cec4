from types import SimpleNamespace

import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.evaluation.samples import frechet_distance, nearest_images, precision_recall
from isthmus.recipes import Recipe


@pytest.fixture
def measured():
    """As much of a run as a search for the nearest images needs."""
    return SimpleNamespace(run=SimpleNamespace(recipe=Recipe()), seed=0)


def test_the_frechet_distance_of_gaussians_is_the_closed_form():
    """Diagonal covariances: |μ - ν|² + Σ (σ - τ)²."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((200_000, 2)) * [1.0, 2.0]
    b = rng.standard_normal((200_000, 2)) * [3.0, 0.5] + [1.0, -2.0]
    assert frechet_distance(a, b) == pytest.approx(5.0 + 4.0 + 2.25, rel=0.02)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet_distance(a, b))


def test_precision_and_recall_of_the_same_sample_set_are_full():
    points = np.random.default_rng(0).standard_normal((300, 4))
    assert precision_recall(points, points) == (1.0, 1.0)


def test_a_dropped_mode_costs_recall_and_an_invented_one_precision():
    rng = np.random.default_rng(0)
    one, two, three = rng.standard_normal((3, 200, 2)) + np.array([[[0.0, 0.0]], [[50.0, 0.0]], [[0.0, 50.0]]])
    real, new = np.concatenate([one, two]), np.concatenate([one + 0.01, three])
    precision, recall = precision_recall(real, new)
    assert precision == pytest.approx(0.5, abs=0.02)
    assert recall == pytest.approx(0.5, abs=0.02)


def test_copies_stand_out_and_unrelated_images_do_not(measured):
    rng = np.random.default_rng(0)
    train = rng.integers(0, 256, (2500, 6, 6, 1)).astype(np.uint8)
    chosen = rng.integers(0, 2500, 40)
    copies = (train[chosen] / 255 + rng.normal(0, 0.01, (40, 6, 6, 1))).astype(np.float32)
    unrelated = rng.random((40, 6, 6, 1)).astype(np.float32)
    found = nearest_images(measured, copies, as_source(train))
    np.testing.assert_array_equal(found.index, chosen)
    assert found.ratio.max() < 0.1
    np.testing.assert_allclose(
        found.distance, np.linalg.norm((copies - train[chosen] / 255).reshape(40, -1), axis=1), rtol=1e-3
    )
    assert nearest_images(measured, unrelated, as_source(train)).ratio.min() > 0.5


def test_few_training_images_are_all_neighbours(measured):
    train = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 1)).astype(np.uint8)
    found = nearest_images(measured, (train / 255).astype(np.float32), as_source(train))
    assert found.index.tolist() == [0, 1, 2]
