import numpy as np
import pytest

from isthmus.evaluation.features import PixelFeatures


def test_distances_of_features_are_those_of_pixels():
    pixels = np.random.default_rng(0).random((900, 5, 5, 1)).astype(np.float32)
    features = PixelFeatures(pixels, 0)
    assert features.components == 25
    assert features.explained_variance == pytest.approx(1.0)
    placed = features(pixels)
    between = np.linalg.norm((pixels[0] - pixels[1]).ravel())
    assert np.linalg.norm(placed[0] - placed[1]) == pytest.approx(between, rel=1e-4)


def test_there_are_no_more_features_than_images_can_tell():
    assert PixelFeatures(np.random.default_rng(0).random((100, 6, 6, 1)).astype(np.float32), 0).components == 10
