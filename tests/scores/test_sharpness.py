import math

import numpy as np
import pytest

from isthmus.scores import gradient_energy, sharpness


def test_a_ramp_has_the_square_of_its_slopes():
    down, across = np.meshgrid(np.arange(5.0), np.arange(4.0), indexing="ij")
    image = (0.1 * down + 0.02 * across)[None, ..., None]
    # 4 x 4 differences of 0.1, and 5 x 3 of 0.02, for 20 pixels.
    np.testing.assert_allclose(gradient_energy(image), (16 * 0.1**2 + 15 * 0.02**2) / 20)
    np.testing.assert_allclose(gradient_energy(np.repeat(image, 3, axis=-1)), gradient_energy(image))
    assert gradient_energy(np.full((2, 3, 3, 1), 0.5)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("period", [4, 8, 16])
def test_a_blurred_wave_keeps_the_squared_gain_of_the_blur(period):
    frequency = 2 * np.pi / period
    wave = np.cos(frequency * np.arange(-1, 34))  # differences of whole periods, and a pixel more at each end
    blurred = wave[:-2] / 4 + wave[1:-1] / 2 + wave[2:] / 4
    images, given = (np.tile(row, (3, 1))[None, ..., None] for row in (wave[1:-1], blurred))
    found = sharpness(gradient_energy(given), gradient_energy(images))
    assert found.mean == pytest.approx(math.cos(frequency / 2) ** 4)


def test_equal_images_have_a_sharpness_of_one_without_error():
    images = np.random.default_rng(0).random((6, 8, 9, 3))
    found = sharpness(gradient_energy(images), gradient_energy(images))
    assert (found.mean, found.standard_error, found.count) == (1.0, 0.0, 6)
    assert sharpness(gradient_energy(images / 2), gradient_energy(images)).mean == pytest.approx(0.25)


def test_the_standard_error_is_that_of_the_share_over_draws():
    rng = np.random.default_rng(0)
    original = rng.gamma(4.0, size=(2_000, 100))
    energy = original * rng.uniform(0.2, 0.8, original.shape)
    found = [sharpness(e, o) for e, o in zip(energy, original, strict=True)]
    assert np.mean([one.standard_error for one in found]) == pytest.approx(np.std([one.mean for one in found]), rel=0.1)


def test_flat_originals_have_no_sharpness():
    assert math.isnan(sharpness(np.ones(3), np.zeros(3)).mean)
