import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from isthmus.data import ImageSpec
from isthmus.errors import DataError, UsageError
from isthmus.recipes import Denoise, GaussianLatent
from isthmus.runs.large_images import reconstruct_by_tiles

SIDES = (12, 10)


@pytest.fixture
def run_of(formula_run):
    """Makes a run that reconstructs by a formula of each pixel."""

    def make(formula, channels=1, dtype="uint8", **parts):
        run = formula_run(Denoise(), channels, channels, formula, **parts)
        run.restores, run.is_conditional = False, False
        run.image = run.target = ImageSpec(*SIDES, channels, dtype)
        return run

    return make


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def roughest(image):
    """The mean step between the two columns of an image that differ most, as a share of that between any two."""
    steps = np.abs(np.diff(image[..., 0].astype(float), axis=1)).mean(axis=0)
    return steps.max() / steps.mean()


@given(st.tuples(st.integers(1, 2), st.integers(12, 60), st.integers(10, 60)), st.sampled_from([1, 3, 4, 16]))
def test_what_changes_nothing_gives_images_of_any_size_back(formula_run, shape, channels):
    run = formula_run(Denoise(), channels, channels, lambda seen: seen)
    run.restores, run.is_conditional = False, False
    images = noise(*shape, channels)
    np.testing.assert_array_equal(reconstruct_by_tiles(run, images), images)


def test_floats_stay_floats(run_of):
    run = run_of(lambda seen: seen, dtype="float32")
    images = np.random.default_rng(0).random((1, 40, 33, 1), np.float32)
    made = reconstruct_by_tiles(run, images)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, images, atol=1e-6)


def test_images_of_the_run_s_size_are_what_the_run_reconstructs(tiny_ae_run, bars):
    made = tiny_ae_run.reconstruct(bars[0][:5], tiles=True)
    np.testing.assert_allclose(made.astype(int), tiny_ae_run.reconstruct(bars[0][:5]), atol=1)


def test_no_border_of_a_tile_shows(tiny_ae_run):
    """Where its tiles only touch, a network leaves steps; blended, none is much steeper than those within tiles.

    The steps are between columns, since what the network knows, bars, has some between its rows.
    """
    smooth = gaussian_filter(np.random.default_rng(0).random((120, 200)), 8)
    image = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
    tiles = image.reshape(10, 12, 20, 10).swapaxes(1, 2).reshape(-1, 12, 10, 1)
    touching = tiny_ae_run.reconstruct(tiles).reshape(10, 20, 12, 10).swapaxes(1, 2).reshape(120, 200, 1)
    blended = tiny_ae_run.reconstruct(image[None, ..., None], tiles=True)[0]
    assert roughest(touching) > 2
    assert roughest(blended) < 1.5


def test_the_tiles_of_a_draw_go_together(run_of):
    run = run_of(lambda seen: seen, latent=GaussianLatent(dim=1))
    images = noise(2, 40, 33, 1) // 2 + 64
    made = reconstruct_by_tiles(run, images, draws=3, seed=1)
    assert made.shape == (2, 3, 40, 33, 1)
    away = made.astype(int) - images[:, None]
    assert np.ptp(away, axis=(2, 3, 4)).max() <= 1
    assert len(np.unique(away)) > 2
    np.testing.assert_array_equal(made, reconstruct_by_tiles(run, images, draws=3, seed=1))


def test_progress_counts_all_tiles(run_of):
    run, told = run_of(lambda seen: seen), []
    reconstruct_by_tiles(run, noise(1, 200, 200, 1), update=lambda *done: told.append(done))
    assert told[-1] == (run.tiles_encoded, run.tiles_encoded)
    assert len(told) > 2


@pytest.mark.parametrize("shape", [(1, 11, 60, 1), (1, 60, 9, 1), (1, 60, 60, 3)])
def test_images_that_hold_no_tile(tiny_ae_run, shape):
    with pytest.raises(DataError, match=f"expected images of 10x12x1 or larger, .*got {shape[2]}x{shape[1]}"):
        tiny_ae_run.reconstruct(noise(*shape), tiles=True)


def test_what_has_no_draws_and_what_restores(tiny_ae_run, tiny_run, tiny_restorer):
    large = noise(1, 30, 30, 1)
    with pytest.raises(UsageError, match=r"no posterior to draw from\. Train one with --set latent=gaussian"):
        tiny_ae_run.reconstruct(large, draws=2, tiles=True)
    with pytest.raises(UsageError, match="at least one draw"):
        tiny_run.reconstruct(large, draws=0, tiles=True)
    with pytest.raises(UsageError, match="Restorer"):
        tiny_restorer.reconstruct(large, tiles=True)
