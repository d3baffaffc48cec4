import numpy as np
import pytest
from PIL import Image

import isthmus
from isthmus import train
from isthmus.errors import DataError, UsageError
from isthmus.workflows.held_out import find_held_out
from isthmus.workflows.preparation import prepare


def test_the_same_data_is_split_as_it_was_for_training(tiny_run, bars):
    found = find_held_out(tiny_run, bars)
    prepared = prepare(bars, tiny_run.recipe, {})
    assert found.split == "test"
    assert found.images.fingerprint == prepared.test.fingerprint
    assert found.train.fingerprint == tiny_run.manifest.data.fingerprint


def test_other_data_is_taken_whole(tiny_run, bars):
    images = bars[0][:30, ::-1].copy()
    found = find_held_out(tiny_run, images)
    assert (found.split, len(found.images), found.train) == ("all", 30, None)


def test_a_single_image_is_enough(tiny_run, bars):
    assert len(find_held_out(tiny_run, bars[0][:1, ::-1].copy()).images) == 1


def test_data_that_has_no_name_must_be_given(tiny_run):
    with pytest.raises(
        DataError, match="was trained on 'images', which is neither a named data set nor images that this"
    ):
        find_held_out(tiny_run)


class TestDataElsewhere:
    """A run that learned from a file, which lies where its name does not lead."""

    @pytest.fixture
    def learned(self, tmp_path, monkeypatch, bars, tiny_recipe):
        (tmp_path / "data").mkdir()
        np.savez(tmp_path / "data" / "bars", images=bars[0], labels=bars[1])
        monkeypatch.chdir(tmp_path)
        run = train("data/bars.npz", tiny_recipe, tmp_path / "run", changes={"training.epochs": 1}, report=False)
        return run, tmp_path / "data" / "bars.npz"

    def test_it_is_found_where_it_was(self, learned, tmp_path, monkeypatch):
        run, place = learned
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        found, given = find_held_out(run), find_held_out(run, place)
        assert found.split == given.split == "test"
        assert found.images.fingerprint == given.images.fingerprint
        assert str(tmp_path) not in (run.path / "manifest.json").read_text()

    def test_what_is_asked_for_is_found_too(self, bars, tmp_path, monkeypatch):
        for folder, images in (("seen", bars[0]), ("asked", 255 - bars[0])):
            (tmp_path / folder).mkdir()
            for number, image in enumerate(images):
                Image.fromarray(image[..., 0]).save(tmp_path / folder / f"{number}.png")
        monkeypatch.chdir(tmp_path)
        changes = {"network.filters": [2, 4], "latent.dim": 2, "training.epochs": 1}
        run = train("seen", "unet", "run", task="pairs", targets="asked", changes=changes, report=False)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        found = find_held_out(isthmus.load(tmp_path / "run"))
        pairs = found.images.read(np.arange(len(found.images)))
        assert pairs.shape[-1] == 2
        np.testing.assert_array_equal(pairs[..., 1], 255 - pairs[..., 0])
        assert found.train.fingerprint == run.manifest.data.fingerprint

    def test_other_images_there_are_not_taken_for_them(self, learned, bars):
        run, place = learned
        np.savez(place.with_suffix(""), images=bars[0][::-1, ::-1], labels=bars[1])
        with pytest.raises(DataError, match="was trained on 'bars"):
            find_held_out(run)

    def test_where_they_are_gone_it_asks(self, learned):
        run, place = learned
        place.unlink()
        with pytest.raises(DataError, match="Say where the images are"):
            find_held_out(run)


@pytest.fixture
def renamed(tiny_run):
    """The run, with another name for its data."""

    def rename(name):
        data = tiny_run.manifest.data.model_copy(update={"name": str(name)})
        return type(tiny_run)(tiny_run.path, tiny_run.manifest.model_copy(update={"data": data}), tiny_run.recipe)

    return rename


def test_changed_data_is_not_taken_for_the_runs_own(renamed):
    with pytest.raises(DataError, match="the images of that name are others now"):
        find_held_out(renamed("digits"))


def test_a_name_that_comes_with_a_run_opens_no_path_of_this_machine(renamed, bars, tmp_path, monkeypatch):
    """The images are the run's own, and are found only when they are given."""
    np.savez(tmp_path / "bars", images=bars[0], labels=bars[1])
    monkeypatch.chdir(tmp_path)
    for name in ("bars.npz", tmp_path / "bars.npz", "*.npz", "hf:ylecun/mnist"):
        with pytest.raises(DataError, match="neither a named data set nor images that this machine remembers"):
            find_held_out(renamed(name))
    assert find_held_out(renamed("bars.npz"), tmp_path / "bars.npz").split == "test"


def test_images_of_another_shape_are_refused(tiny_run):
    with pytest.raises(DataError, match="expected images of 10x12x1"):
        find_held_out(tiny_run, np.zeros((4, 8, 8, 1), np.uint8))


def test_a_place_where_nothing_is_is_a_wrong_call(tiny_run):
    with pytest.raises(UsageError, match="no data set or path"):
        find_held_out(tiny_run, "no-such-place")
