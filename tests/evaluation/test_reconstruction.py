import numpy as np
import pytest

from isthmus.evaluation.reconstruction import PCABaseline, closeness


@pytest.fixture
def images():
    return np.random.default_rng(0).random((6, 9, 8, 1)).astype(np.float32)


def test_equal_images_are_as_close_as_can_be(images):
    found = closeness(images, images)
    assert found.mse.tolist() == [0.0] * 6
    assert found.psnr.tolist() == [100.0] * 6
    np.testing.assert_allclose(found.ssim, 1.0)


def test_errors_are_means_over_an_image(images):
    found = closeness(images, images + np.float32(0.1))
    np.testing.assert_allclose(found.mse, 0.01, rtol=1e-5)
    np.testing.assert_allclose(found.psnr, 20.0, rtol=1e-5)
    assert np.all(found.ssim < 1.0)


def test_similarity_is_scikit_images_own():
    from skimage.metrics import structural_similarity

    rng = np.random.default_rng(0)
    one, other = rng.random((2, 1, 16, 16, 3)).astype(np.float32)
    expected = structural_similarity(one[0], other[0], data_range=1.0, channel_axis=-1)
    assert closeness(one, other).ssim[0] == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(5, 5, 1), (4, 6, 3), (3, 3, 1)])
def test_small_images_get_a_small_window(shape):
    images = np.random.default_rng(0).random((2, *shape)).astype(np.float32)
    assert np.isfinite(closeness(images, images * 0.9).ssim).all()


def test_the_smallest_images_have_no_structure():
    images = np.zeros((2, 2, 2, 1), np.float32)
    assert np.isnan(closeness(images, images).ssim).all()


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
