import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.explorer.costs import as_encoder_input, cost, noise_for
from isthmus.noise import normal_by_image
from isthmus.scores import score


def test_costs_are_those_that_scoring_finds(tiny_run, bars):
    """The noise of scoring, given to both."""
    images = bars[0][:20]
    found = score(tiny_run, as_source(images), seed=3)
    noise = normal_by_image([3, 0x706F7374], 0, 20, 2)[None]
    costs = cost(tiny_run, images, noise)
    np.testing.assert_allclose(costs.distortion, found.distortion, rtol=1e-6)
    np.testing.assert_allclose(costs.rate, found.rate, rtol=1e-6)


def test_a_plain_autoencoder_has_no_rate_and_one_distortion(tiny_ae_run, bars):
    images = bars[0][:5]
    costs = cost(tiny_ae_run, images, noise_for(tiny_ae_run))
    assert costs.log_variance is None
    assert not costs.rate.any()
    np.testing.assert_allclose(costs.distortion, score(tiny_ae_run, as_source(images)).distortion, rtol=1e-6)


def test_more_draws_come_nearer_to_the_mean(tiny_run, bars):
    image, rng = bars[0][:1], np.random.default_rng(0)
    exact = cost(tiny_run, image, noise_for(tiny_run, draws=2000)).distortion
    near, far = (
        [cost(tiny_run, image, rng.standard_normal((draws, 1, 2), np.float32)).distortion for _ in range(8)]
        for draws in (64, 1)
    )
    assert np.std(np.subtract(near, exact)) < np.std(np.subtract(far, exact))


def test_what_an_image_costs_does_not_follow_from_its_company(tiny_run, bars):
    noise = noise_for(tiny_run, draws=3)
    together = cost(tiny_run, bars[0][:6], noise).distortion
    alone = [cost(tiny_run, bars[0][i : i + 1], noise).distortion[0] for i in range(6)]
    assert together == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize(("dtype", "white"), [("uint8", 255), ("float32", 1)])
def test_pixels_are_drawn_by_their_brightness_and_for_each_image_alike(stochastic_run, dtype, white):
    levels = np.array([0, 51, 204, 255])
    images = np.broadcast_to(levels[:, None, None, None], (4, 100, 100, 1)).astype(np.uint8)
    given = images if dtype == "uint8" else images.astype(np.float32) / np.float32(255)
    seen = as_encoder_input(stochastic_run, given)
    assert seen.dtype == given.dtype
    assert set(np.unique(seen)) == {0, white}
    np.testing.assert_allclose((seen == white).mean(axis=(1, 2, 3)), levels / 255, atol=0.02)
    assert (np.diff(seen.astype(int), axis=0) >= 0).all()  # one draw: where a darker pixel is white, a brighter is too
