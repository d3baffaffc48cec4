import numpy as np
import pytest

from isthmus.evaluation.reconstruction import ReconstructionResult, closeness, reconstruction_section
from isthmus.probability import latent_variable
from isthmus.recipes import Recipe


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


def test_similarity_can_be_left_out(images):
    found = closeness(images, images, similarity=False)
    assert np.isnan(found.ssim).all()
    assert found.mse.tolist() == [0.0] * 6


def test_the_table_has_the_sharpness_of_the_run_and_of_each_baseline(images):
    near, blurred = closeness(images, images, False), closeness(images, 0.5 + images / 2, False)
    flat = closeness(images, np.full_like(images, 0.5), False)
    section = reconstruction_section(
        ReconstructionResult(near, flat, blurred, near.mse, 3, 6), latent_variable(Recipe())
    )
    found = [section[f"{key}sharpness"].value for key in ("", "pca_", "mean_image_")]
    assert found == pytest.approx([1.0, 0.25, 0.0])
    assert "share" in section["sharpness"].meaning


def test_images_of_one_colour_have_no_sharpness():
    grey = np.full((3, 5, 5, 1), 0.5, np.float32)
    near = closeness(grey, grey, False)
    section = reconstruction_section(ReconstructionResult(near, None, None, near.mse, 0, 0), latent_variable(Recipe()))
    assert [row.key for row in section.rows] == ["psnr_db", "mse"]
