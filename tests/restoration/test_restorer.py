import shutil

import numpy as np
import pytest

import isthmus
from isthmus.data import posed
from isthmus.errors import DataError, UsageError
from isthmus.recipes import Colourise, Inpaint, SuperResolve
from isthmus.restoration import Restorer


@pytest.fixture(scope="module")
def noisy(bars, tiny_restorer_recipe):
    return posed(bars[0], tiny_restorer_recipe.task, 0).seen


def test_it_is_nearer_to_the_truth_than_what_it_was_shown(tiny_restorer, noisy, bars):
    answers = np.stack([Restorer(tiny_restorer).restore(image).image for image in noisy])

    def error(images):
        return np.square(images / 255.0 - bars[0] / 255.0).mean()

    assert error(answers) < 0.5 * error(noisy)


def test_an_image_of_the_runs_size_is_what_the_run_reconstructs(tiny_restorer, noisy):
    answers = np.stack([Restorer(tiny_restorer).restore(image).image for image in noisy[:5]])
    assert np.abs(answers.astype(int) - tiny_restorer.reconstruct(noisy[:5])).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (5, 30), (12, 10), (13, 10), (61, 47)])
def test_any_size(tiny_restorer, size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 1)).astype(np.uint8)
    assert Restorer(tiny_restorer).restore(picture).image.shape == (*size, 1)


def test_draws_differ_and_say_how_far(tiny_restorer, noisy):
    restorer = Restorer(tiny_restorer)
    made, again = (restorer.restore(noisy[0], draws=4, seed=1) for _ in range(2))
    assert made.draws.shape == (4, 12, 10, 1)
    np.testing.assert_array_equal(made.draws, again.draws)
    expected = (made.draws / 255).std(axis=0).mean(axis=-1)
    np.testing.assert_allclose(made.deviation, expected, atol=1e-6)
    assert (restorer.restore(noisy[0], draws=4, seed=2).draws != made.draws).any()


def test_no_draws_without_a_posterior(tiny_restorer, noisy):
    with pytest.raises(UsageError, match="draws of 1 or more"):
        Restorer(tiny_restorer).restore(noisy[0], draws=0)


def test_a_run_that_reconstructs_restores_nothing(tiny_run):
    with pytest.raises(UsageError, match="reconstructs images, and restores none"):
        Restorer(tiny_run)


@pytest.mark.parametrize("shape", [(12, 10), (12, 10, 3)])
def test_a_picture_of_other_channels(tiny_restorer, shape):
    with pytest.raises(DataError, match="expected a picture as uint8"):
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
    """Untrained runs of other tasks: what holds of any answer."""

    def test_holes_are_filled_and_nothing_else(self, run_of):
        restorer = Restorer(run_of(Inpaint(), 3))
        picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
        missing = np.zeros((20, 30), bool)
        missing[5:9, 4:20] = True
        made = restorer.restore(picture, missing).image
        np.testing.assert_array_equal(made[~missing], picture[~missing])
        assert (made[missing] != 0).any()
        hidden = np.where(missing[..., None], np.uint8(77), picture)  # what is missing is not looked at
        np.testing.assert_array_equal(restorer.restore(hidden, missing).image, made)
        with pytest.raises(UsageError, match="expected the pixels to fill in"):
            restorer.restore(picture)
        with pytest.raises(DataError, match="expected a mask of"):
            restorer.restore(picture, missing[1:])

    def test_colours_keep_the_brightness(self, run_of):
        from isthmus.data.colour import luma

        restorer = Restorer(run_of(Colourise(), 3))
        picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
        made = restorer.restore(picture).image
        assert np.abs(luma(made).astype(int) - luma(picture)).max() <= 1
        with pytest.raises(UsageError, match="fills in no holes"):
            restorer.restore(picture, np.zeros((20, 30), bool))

    def test_what_is_small_becomes_large(self, run_of):
        restorer = Restorer(run_of(SuperResolve(factor=4), 1))
        assert restorer.restore(np.zeros((7, 9, 1), np.uint8)).image.shape == (28, 36, 1)


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
