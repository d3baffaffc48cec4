import numpy as np
import pytest

from isthmus.evaluation.pca import PCABaseline


def test_pca_keeps_what_its_dimensions_hold():
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((2, 30)) * 0.05
    pixels = (0.5 + rng.uniform(-1, 1, (80, 2)) @ basis).reshape(80, 5, 6, 1).astype(np.float32)
    np.testing.assert_allclose(PCABaseline(pixels, 2, 0).reconstruct(pixels), pixels, atol=1e-5)
    one = np.square(PCABaseline(pixels, 1, 0).reconstruct(pixels) - pixels).mean()
    flat = pixels.reshape(80, -1) - pixels.reshape(80, -1).mean(0)
    values = np.linalg.svd(flat, compute_uv=False) ** 2
    assert one == pytest.approx(values[1] / flat.size, rel=1e-3)
    assert PCABaseline(pixels, 2, 0).encode(pixels).shape == (80, 2)


def test_no_more_components_than_images_and_pixels():
    pixels = np.random.default_rng(0).random((4, 2, 2, 1)).astype(np.float32)
    np.testing.assert_allclose(PCABaseline(pixels, 50, 0).reconstruct(pixels), pixels, atol=1e-5)
    single = PCABaseline(pixels[:1], 50, 0)
    np.testing.assert_allclose(single.reconstruct(pixels), np.repeat(pixels[:1], 4, axis=0))
    assert (single.components, single.fitted_on) == (0, 1)
    assert PCABaseline(pixels, 50, 0).components == 3


def test_equal_images_have_no_components():
    pixels = np.full((9, 4, 4, 1), 0.25, np.float32)
    baseline = PCABaseline(pixels, 3, 0)
    assert baseline.components == 0
    np.testing.assert_array_equal(baseline.reconstruct(pixels + 0.5), pixels)
