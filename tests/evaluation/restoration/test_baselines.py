import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from isthmus.data import as_source
from isthmus.data.tasks.colour import luma
from isthmus.data.tasks.corruptions import add_noise
from isthmus.data.tasks.kinds import with_holes
from isthmus.evaluation.restoration import baselines


@pytest.fixture(params=[1, 3])
def smooth(request):
    light = gaussian_filter(np.random.default_rng(0).random((2, 24, 24, request.param)), (0, 4, 4, 0))
    light = (light - light.min()) / np.ptp(light)
    return (light * 255).astype(np.uint8)


def error(one, other):
    return np.square(one.astype(float) - other).mean()


def test_every_filter_takes_noise_out(smooth):
    noisy = np.stack([add_noise(image, "gaussian", 0.1, np.random.default_rng(0)) for image in smooth])
    for baseline in baselines.denoising():
        if baseline.key == "bm3d":  # slow: it has a test of its own
            continue
        best = min(error(baseline.solve(noisy, strength), smooth) for strength in baseline.strengths)
        assert best < (0.5 if baseline.key != "untouched" else 1.01) * error(noisy, smooth), baseline.key
        assert baseline.solve(noisy, baseline.strengths[0]).shape == smooth.shape


@pytest.mark.slow
def test_bm3d_takes_noise_out(smooth):
    pytest.importorskip("bm3d")
    noisy = np.stack([add_noise(image, "gaussian", 0.1, np.random.default_rng(0)) for image in smooth])
    (bm3d,) = (baseline for baseline in baselines.denoising() if baseline.key == "bm3d")
    assert error(bm3d.solve(noisy, 0.1), smooth) < 0.3 * error(noisy, smooth)


def test_an_unsharp_mask_undoes_some_blur():
    sharp = np.kron(np.indices((4, 4)).sum(0) % 2, np.ones((6, 6)))[None, ..., None] * 200.0
    blurred = gaussian_filter(sharp, (0, 1, 1, 0)).astype(np.uint8)
    _, unsharp = baselines.sharpening()
    assert error(unsharp.solve(blurred, 1.0), sharp) < error(blurred, sharp)


def test_smooth_holes_are_filled_smoothly_and_the_rest_is_kept(smooth):
    missing = np.zeros((24, 24), bool)
    missing[8:14, 8:14] = True
    seen = np.stack([with_holes(image, missing) for image in smooth])
    biharmonic, nearest = baselines.filling(as_source(smooth[::-1].copy()))
    filled = biharmonic.solve(seen, 0.0)
    assert error(filled[:, missing], smooth[:, missing]) < 0.1 * error(seen[:, missing][..., :-1], smooth[:, missing])
    np.testing.assert_array_equal(filled[:, ~missing], smooth[:, ~missing])
    np.testing.assert_array_equal(nearest.solve(seen, 1), smooth)  # both images are among those that it knows


def test_one_colour_for_all_keeps_the_brightness():
    images = np.random.default_rng(0).integers(60, 190, (5, 8, 8, 3)).astype(np.uint8)
    grey, mean = baselines.colouring(as_source(images))
    seen = luma(images)
    assert np.abs(luma(mean.solve(seen, 0.0)).astype(int) - seen).max() <= 1
    np.testing.assert_array_equal(grey.solve(seen, 0.0)[..., 1], seen[..., 0])


def test_regions_get_the_classes_that_suit_them():
    masks = np.random.default_rng(0).integers(0, 3, (4, 6, 6, 1)).astype(np.uint8)
    turned = np.array([2, 0, 1], np.uint8)[masks]
    labelled = baselines.best_labelling(turned, masks, 3)
    np.testing.assert_array_equal(np.stack(labelled), masks)


def test_a_class_that_an_image_lacks_is_given_to_no_region():
    mask = np.array([0, 0, 0, 2, 2, 2], np.uint8).reshape(1, 2, 3, 1)
    regions = np.array([1, 1, 3, 2, 2, 0], np.uint8).reshape(1, 2, 3, 1)
    (labelled,) = baselines.best_labelling(regions, mask, 4)
    assert labelled.ravel().tolist() == [0, 0, 0, 2, 2, 0]


@pytest.mark.parametrize("kind", ["otsu", "k_means"])
def test_bright_shapes_on_dark_are_found(kind):
    masks = np.zeros((2, 16, 16, 1), np.uint8)
    masks[:, 4:9, 5:12] = 1
    noise = np.random.default_rng(0).integers(0, 40, masks.shape)
    seen = (masks * 200 + noise).astype(np.uint8)
    (baseline,) = (baseline for baseline in baselines.segmenting(2) if baseline.key == kind)
    found = baselines.best_labelling(baseline.solve(seen, 0.0), masks, 2)
    np.testing.assert_array_equal(np.stack(found), masks)
    assert baseline.solve(np.zeros_like(seen), 0.0).shape == seen.shape


def test_otsu_is_for_two_classes():
    assert [baseline.key for baseline in baselines.segmenting(3)] == ["k_means"]
