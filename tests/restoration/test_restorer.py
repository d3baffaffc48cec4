import shutil

import numpy as np
import pytest

import isthmus
from isthmus.data import make_batch
from isthmus.data.tasks.corruptions import resized
from isthmus.errors import DataError, UsageError
from isthmus.recipes import (
    CategoricalLikelihood,
    Colourise,
    Deblur,
    Denoise,
    GaussianLatent,
    Inpaint,
    Pairs,
    Segment,
    SuperResolve,
)
from isthmus.restoration import Restorer
from isthmus.runs import large_images


@pytest.fixture(scope="module")
def noisy(bars, tiny_restorer_recipe):
    return make_batch(bars[0], tiny_restorer_recipe.task, 0).input


def test_it_is_nearer_to_the_truth_than_what_it_was_shown(tiny_restorer, noisy, bars):
    results = np.stack([Restorer(tiny_restorer).restore(image).image for image in noisy])

    def error(images):
        return np.square(images / 255.0 - bars[0] / 255.0).mean()

    assert error(results) < 0.5 * error(noisy)


def test_an_image_of_the_runs_size_is_what_the_run_reconstructs(tiny_restorer, noisy):
    results = np.stack([Restorer(tiny_restorer).restore(image).image for image in noisy[:5]])
    assert np.abs(results.astype(int) - tiny_restorer.reconstruct(noisy[:5])).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (5, 30), (12, 10), (13, 10), (61, 47)])
def test_any_size(tiny_restorer, size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 1)).astype(np.uint8)
    assert Restorer(tiny_restorer).restore(image).image.shape == (*size, 1)


def test_draws_differ_and_say_how_far(tiny_restorer, noisy):
    restorer = Restorer(tiny_restorer)
    made, again = (restorer.restore(noisy[0], draws=4, seed=1) for _ in range(2))
    assert made.draws.shape == (4, 12, 10, 1)
    np.testing.assert_array_equal(made.draws, again.draws)
    expected = (made.draws / 255).std(axis=0).mean(axis=-1)
    np.testing.assert_allclose(made.deviation, expected, atol=1e-6)
    assert (restorer.restore(noisy[0], draws=4, seed=2).draws != made.draws).any()


def test_no_draws_without_a_posterior(tiny_restorer, noisy):
    with pytest.raises(UsageError, match="at least one draw"):
        Restorer(tiny_restorer).restore(noisy[0], draws=0)


def test_a_run_that_reconstructs_restores_nothing(tiny_run):
    with pytest.raises(UsageError, match="reconstructs images, and restores none"):
        Restorer(tiny_run)


@pytest.mark.parametrize("shape", [(12, 10), (12, 10, 2), (12, 10, 4)])
def test_an_image_of_other_channels(tiny_restorer, shape):
    with pytest.raises(DataError, match="expected an image as uint8"):
        Restorer(tiny_restorer).restore(np.zeros(shape, np.uint8))


@pytest.fixture(scope="module")
def run_of(tiny_restorer_recipe, tmp_path_factory):
    def make(task, channels):
        images = np.random.default_rng(0).integers(0, 256, (40, 12, 10, channels)).astype(np.uint8)
        training = tiny_restorer_recipe.training.model_copy(update={"epochs": 1})
        recipe = tiny_restorer_recipe.model_copy(update={"task": task, "training": training})
        return isthmus.train(images, recipe, tmp_path_factory.mktemp("task") / "run", report=False)

    return make


class TestTasks:
    """Untrained runs of other tasks: what holds of any result."""

    def test_holes_are_filled_and_nothing_else(self, run_of):
        restorer = Restorer(run_of(Inpaint(), 3))
        image = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
        missing = np.zeros((20, 30), bool)
        missing[5:9, 4:20] = True
        made = restorer.restore(image, missing).image
        np.testing.assert_array_equal(made[~missing], image[~missing])
        assert (made[missing] != 0).any()
        hidden = np.where(missing[..., None], np.uint8(77), image)  # what is missing is not looked at
        np.testing.assert_array_equal(restorer.restore(hidden, missing).image, made)
        with pytest.raises(UsageError, match="expected the pixels to fill in"):
            restorer.restore(image)
        with pytest.raises(DataError, match="expected a mask of"):
            restorer.restore(image, missing[1:])

    def test_colours_keep_the_brightness(self, run_of):
        from isthmus.data.tasks.colour import luma

        restorer = Restorer(run_of(Colourise(), 3))
        image = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
        made = restorer.restore(image).image
        assert np.abs(luma(made).astype(int) - luma(image)).max() <= 1
        with pytest.raises(UsageError, match="fills in no holes"):
            restorer.restore(image, np.zeros((20, 30), bool))

    def test_what_is_small_becomes_large(self, run_of):
        restorer = Restorer(run_of(SuperResolve(factor=4), 1))
        assert restorer.restore(np.zeros((7, 9, 1), np.uint8)).image.shape == (28, 36, 1)


def negative(seen):
    return 1.0 - seen


@pytest.fixture(scope="module")
def colourful():
    return np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)


class TestColoursThroughAGreyRun:
    """What mends a grey image mends each channel of one in colour."""

    @pytest.mark.parametrize("task", [Denoise(), Deblur()])
    def test_each_channel(self, formula_run, colourful, task):
        made = Restorer(formula_run(task, 1, 1, negative)).restore(colourful).image
        np.testing.assert_array_equal(made, 255 - colourful)

    def test_each_channel_enlarged(self, formula_run, colourful):
        made = Restorer(formula_run(SuperResolve(factor=2), 1, 1, negative)).restore(colourful).image
        np.testing.assert_array_equal(made, 255 - resized(colourful, 40, 60))

    def test_each_channel_filled_in(self, formula_run, colourful):
        missing = np.zeros((20, 30), bool)
        missing[3:9, 5:25] = True
        run = formula_run(Inpaint(), 2, 1, lambda seen: seen[..., :1] + 0.2)
        made = Restorer(run).restore(colourful, missing).image
        np.testing.assert_array_equal(made, np.where(missing[..., None], 51, colourful))

    def test_draws_go_together(self, formula_run, colourful):
        run = formula_run(Denoise(), 1, 1, negative, latent=GaussianLatent(dim=1))
        made = Restorer(run).restore(colourful // 2 + 64, draws=3)
        away = made.draws.astype(int) - made.image
        assert made.draws.shape == (3, 20, 30, 3)
        assert np.ptp(away, axis=(1, 2, 3)).max() <= 1  # one shift for a whole draw, whatever the channel
        assert len(np.unique(away)) > 2

    def test_other_images_are_refused(self, formula_run, colourful):
        with pytest.raises(DataError, match="expected an image as uint8"):
            Restorer(formula_run(Pairs(target_channels=1), 1, 1, negative)).restore(colourful)


class TestDraws:
    def test_the_draws_of_a_segmentation_and_their_disagreement(self, formula_run):
        likelihood = CategoricalLikelihood()
        run = formula_run(
            Segment(classes=(0, 7, 9)),
            *(1, 1, lambda seen: 30 * np.concatenate([1 - 2 * seen, 0 * seen, 2 * seen - 1], axis=-1)),
            latent=GaussianLatent(dim=1),
            likelihood=likelihood,
        )
        ramp = np.tile(np.linspace(0, 255, 30).astype(np.uint8)[None, :, None], (20, 1, 1))
        made = Restorer(run).restore(ramp, draws=8, seed=3)
        assert set(np.unique(made.image)) == {0, 2}
        assert made.draws.shape == (8, 20, 30, 1)
        np.testing.assert_allclose(made.deviation, (made.draws[..., 0] != made.image[..., 0]).mean(axis=0), atol=1e-6)
        assert made.deviation[:, 0].max() < made.deviation[:, 14].max() <= 1

    @pytest.mark.parametrize("held", [1 << 30, 1])
    def test_a_tile_is_encoded_once_for_all_draws_that_memory_holds(self, formula_run, colourful, monkeypatch, held):
        monkeypatch.setattr(large_images, "_HELD_BYTES", held)
        run = formula_run(Denoise(), 3, 3, negative, latent=GaussianLatent(dim=1))
        plain = Restorer(run).restore(colourful)
        once, run.tiles_encoded = run.tiles_encoded, 0
        told = []
        made = Restorer(run).restore(colourful, draws=4, update=lambda *done: told.append(done))
        assert run.tiles_encoded == (once if held > 1 else 5 * once)
        np.testing.assert_array_equal(made.image, plain.image)
        assert told[-1] == (run.tiles_encoded, run.tiles_encoded)
        assert [done for done, _ in told] == sorted({done for done, _ in told})
        monkeypatch.undo()
        np.testing.assert_array_equal(made.draws, Restorer(run).restore(colourful, draws=4).draws)


def test_it_needs_no_training_framework(tiny_restorer, tmp_path):
    import subprocess
    import sys

    place = shutil.copytree(tiny_restorer.path, tmp_path / "run")
    script = (
        "import sys, numpy as np, isthmus\n"
        "from isthmus.restoration import Restorer\n"
        f"Restorer(isthmus.load({str(place)!r})).restore(np.zeros((30, 30, 1), np.uint8))\n"
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow', 'jax', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
