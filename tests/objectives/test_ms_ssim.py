import numpy as np
import pytest
from keras import ops
from skimage.metrics import structural_similarity

from isthmus.objectives.ms_ssim import MultiScaleSSIM, ms_ssim, scale_weights
from isthmus.probability import Forward, namespace


def pairs(*shape, noise=0.2):
    """Two images, and the same with noise."""
    rng = np.random.default_rng(0)
    images = rng.uniform(size=(2, *shape)).astype(np.float32)
    return images, np.clip(images + noise * rng.normal(size=images.shape), 0, 1).astype(np.float32)


def by_scikit_image(images, others):
    given = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1.0, "channel_axis": -1}
    return [structural_similarity(one, other, **given) for one, other in zip(images, others, strict=True)]


@pytest.mark.parametrize("shape", [(11, 11, 1), (21, 17, 3), (13, 40, 16)])
def test_one_scale_is_that_of_scikit_image(shape):
    images, others = pairs(*shape)
    np.testing.assert_allclose(ms_ssim(namespace, images, others), by_scikit_image(images, others), atol=2e-5)


@pytest.mark.backend("tensorflow")
@pytest.mark.parametrize(("shape", "scales"), [((64, 64, 3), 3), ((48, 30, 1), 2), ((176, 192, 2), 5)])
def test_several_scales_are_those_of_tensorflow(shape, scales):
    import tensorflow as tf

    images, others = pairs(*shape)
    weights = scale_weights(min(shape[:2]))
    assert len(weights) == scales
    expected = tf.image.ssim_multiscale(images, others, 1.0, power_factors=weights).numpy()
    np.testing.assert_allclose(ms_ssim(namespace, images, others), expected, atol=2e-5)


@pytest.mark.parametrize("shape", [(28, 28, 1), (45, 64, 3), (9, 7, 4), (2, 3, 1), (1, 1, 2)])
def test_keras_and_numpy_agree_on_images_of_any_size(shape):
    images, others = pairs(*shape)
    found = ops.convert_to_numpy(ms_ssim(ops, ops.convert_to_tensor(images), ops.convert_to_tensor(others)))
    np.testing.assert_allclose(found, ms_ssim(namespace, images, others), atol=1e-5)
    assert found.shape == (2,)
    np.testing.assert_allclose(ms_ssim(namespace, images, images), 1.0, rtol=1e-5)


def test_scales_by_the_shorter_side():
    counts = {side: len(scale_weights(side)) for side in (1, 21, 22, 43, 44, 87, 88, 175, 176, 4000)}
    assert list(counts.values()) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert all(sum(scale_weights(side)) == pytest.approx(1.0) for side in counts)


def test_blur_costs_more_than_noise_of_the_same_squared_error():
    """What squared error cannot tell apart: a texture that is gone, and one with as much error on top."""
    texture = np.random.default_rng(1).uniform(size=(1, 32, 32, 1)).astype(np.float32)
    blurred = np.full_like(texture, 0.5)
    noisy = texture + (texture - 0.5)[:, ::-1]
    assert np.mean((texture - blurred) ** 2) == pytest.approx(np.mean((texture - noisy) ** 2), rel=1e-4)
    assert ms_ssim(namespace, texture, blurred) < ms_ssim(namespace, texture, noisy) - 0.3


def test_images_that_contradict_each_other_are_as_bad_as_unrelated_ones():
    """A negative number has no powers; but the less they contradict each other, the better."""
    images = np.random.default_rng(1).uniform(size=(1, 32, 32, 1)).astype(np.float32)
    found = [ms_ssim(namespace, images, 0.5 + share * (0.5 - images))[0] for share in (1.0, 0.5, 0.2)]
    assert 0.0 < found[0] < found[1] < found[2] < 1e-3


def test_the_penalty_is_weighted_for_each_number_and_the_mean_over_the_draws():
    images, others = pairs(24, 24, 3)
    forward = Forward(namespace, None, {}, None, None, None, images, np.stack([others, images]))
    expected = 0.5 * 24 * 24 * 3 * (1 - ms_ssim(namespace, images, others)) / 2
    np.testing.assert_allclose(MultiScaleSSIM(0.5)(forward), expected, rtol=1e-4)
