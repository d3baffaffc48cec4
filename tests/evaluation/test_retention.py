from types import SimpleNamespace

import numpy as np
import pytest

from isthmus.evaluation.pca import PCABaseline
from isthmus.evaluation.retention import measure_retention, neighbour_error


@pytest.fixture
def images():
    """Images that two numbers say all about, and the two."""
    rng = np.random.default_rng(0)
    told = rng.uniform(-1, 1, (1500, 2))
    basis = rng.standard_normal((2, 20)) * 0.1
    return (0.5 + told @ basis).reshape(1500, 4, 5, 1).astype(np.float32), told


def test_codes_that_tell_all_leave_little_error_and_codes_of_noise_all_of_it(images):
    pixels, told = images
    variance = pixels.var(axis=0).mean()
    known, new = slice(0, 1200), slice(1200, None)
    assert neighbour_error(told[known], pixels[known], told[new], pixels[new]) < 0.05 * variance
    noise = np.random.default_rng(1).standard_normal((1500, 2))
    error = neighbour_error(noise[known], pixels[known], noise[new], pixels[new])
    assert error == pytest.approx(variance * (1 + 1 / 20), rel=0.15)


def test_an_encoder_of_one_number_falls_behind_pca_of_two(images):
    pixels, told = images
    for kept, behind in (([0, 1], False), ([0, 0], True)):
        mean = told[:, kept]
        codes = SimpleNamespace(mean=mean)
        measured = SimpleNamespace(
            run=SimpleNamespace(recipe=SimpleNamespace(latent=SimpleNamespace(dim=2))),
            pca=PCABaseline(pixels, 2, 0),
            train_codes=codes,
            train_pixels=pixels,
            subset_codes=codes,
            test_pixels=pixels,
        )
        own, pca = measure_retention(measured)
        assert (own > 1.5 * pca) == behind


def test_without_training_images_nothing_is_measured():
    assert measure_retention(SimpleNamespace(train_codes=None, train_pixels=None, pca=None)) is None
