import numpy as np
import pytest
from PIL import Image

import isthmus
from isthmus import train
from isthmus.data.locations import recall_location, remember_location
from isthmus.errors import DataError, UsageError
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.representation import measure_representation
from isthmus.workflows.datasets import open_held_out, open_training_data


def test_the_same_data_is_split_as_it_was_for_training(tiny_run, bars):
    found = open_held_out(tiny_run, bars)
    prepared = open_training_data(bars, tiny_run.recipe)
    assert (found.split, found.what) == ("test", "test images of images")
    assert found.images.fingerprint == prepared.test.fingerprint
    assert found.train.fingerprint == tiny_run.manifest.data.fingerprint


def test_other_data_is_taken_whole(tiny_run, bars):
    images = bars[0][:30, ::-1].copy()
    found = open_held_out(tiny_run, images)
    assert (found.split, len(found.images), found.train) == ("all", 30, None)
    assert found.what == "images of images"


def test_other_data_is_opened_once(tiny_run, bars):
    class Once:
        """A data set that can be gone through once."""

        passes = 0

        def __len__(self):
            return 30

        def __getitem__(self, index):
            if not 0 <= index < 30:
                raise IndexError
            Once.passes += index == 0
            return bars[0][index, ::-1].copy(), int(bars[1][index])

    assert len(open_held_out(tiny_run, Once()).images) == 30
    once = Once.passes
    isthmus.open_images(Once(), preprocessing=tiny_run.preprocessing)
    assert Once.passes == 2 * once


@pytest.fixture(scope="module")
def folder_run(bars, tiny_recipe, tmp_path_factory):
    """A run that was trained on class folders `bottom`, `middle` and `top`, and the folder that holds them."""
    place = tmp_path_factory.mktemp("learned")
    images, labels = bars
    write_classes(place / "data", images, [("top", "middle", "bottom")[label] for label in labels])
    changes = {"training.epochs": 1}
    run = train(str(place / "data"), tiny_recipe, place / "run", changes=changes, report=False)
    return run, recall_location(run.manifest.data.fingerprint, run.class_names)


def write_classes(place, images, names):
    for number, (image, name) in enumerate(zip(images, names, strict=True)):
        (place / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(place / name / f"{number}.png")


class TestClassesOfOtherData:
    @pytest.fixture
    def found(self, folder_run, bars, tmp_path):
        run, place = folder_run
        remember_location(run.manifest.data.fingerprint, place.data, class_names=run.class_names)
        images, labels = bars
        names = ["top", "upside down", "bottom"]  # sorted, `top` has another number than in the run
        write_classes(tmp_path / "other", images[:30, :, ::-1], [names[label] for label in labels[:30]])
        return run, open_held_out(run, str(tmp_path / "other"))

    def test_are_matched_by_name(self, found):
        run, held = found
        images = held.images.read(np.arange(len(held.images)))
        brightest = images.reshape(-1, 3, 4 * 10).mean(axis=2).argmax(axis=1)  # 0 for a bar at the top
        names = np.array(held.images.class_names)[held.images.labels]
        assert run.class_names == ("bottom", "middle", "top")
        assert held.images.class_names == ("bottom", "middle", "top", "upside down")
        assert set(names[brightest == 0]) == {"top"}
        assert set(held.images.labels[brightest == 0]) == {run.class_names.index("top")}

    def test_that_the_run_does_not_know_are_named(self, found):
        _, held = found
        assert held.unknown_classes == ("upside down",)
        assert held.what == "images of other (classes unknown to the run: upside down)"

    def test_come_with_the_training_images(self, found):
        run, held = found
        assert held.train is not None
        assert held.train.fingerprint == run.manifest.data.fingerprint

    def test_are_told_apart_by_name_and_without_the_unknown(self, found):
        run, held = found
        found = measure_representation(Measurements.of(run, held.images, held.train, 0))
        assert (found.tested_on, found.unknown) == (20, 10)
        assert found.neighbours["pixels"] == 1.0


def test_a_single_image_is_enough(tiny_run, bars):
    assert len(open_held_out(tiny_run, bars[0][:1, ::-1].copy()).images) == 1


def test_data_that_has_no_name_must_be_given(tiny_run):
    with pytest.raises(
        DataError, match="was trained on 'images', which is neither a named data set nor images that this"
    ):
        open_held_out(tiny_run)


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
        found, given = open_held_out(run), open_held_out(run, place)
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
        found = open_held_out(isthmus.load(tmp_path / "run"))
        pairs = found.images.read(np.arange(len(found.images)))
        assert pairs.shape[-1] == 2
        np.testing.assert_array_equal(pairs[..., 1], 255 - pairs[..., 0])
        assert found.train.fingerprint == run.manifest.data.fingerprint

    def test_other_images_there_are_not_taken_for_them(self, learned, bars):
        run, place = learned
        np.savez(place.with_suffix(""), images=bars[0][::-1, ::-1], labels=bars[1])
        with pytest.raises(DataError, match="was trained on 'bars"):
            open_held_out(run)

    def test_where_they_are_gone_it_asks(self, learned):
        run, place = learned
        place.unlink()
        with pytest.raises(DataError, match="Say where the images are"):
            open_held_out(run)


@pytest.fixture
def renamed(tiny_run):
    """The run, with another name for its data."""

    def rename(name):
        data = tiny_run.manifest.data.model_copy(update={"name": str(name)})
        return type(tiny_run)(tiny_run.path, tiny_run.manifest.model_copy(update={"data": data}), tiny_run.recipe)

    return rename


def test_changed_data_is_not_taken_for_the_runs_own(renamed):
    with pytest.raises(DataError, match="the images of that name have changed"):
        open_held_out(renamed("digits"))


def test_a_name_that_comes_with_a_run_opens_no_path_of_this_machine(renamed, bars, tmp_path, monkeypatch):
    """The images are the run's own, and are found only when they are given."""
    np.savez(tmp_path / "bars", images=bars[0], labels=bars[1])
    monkeypatch.chdir(tmp_path)
    for name in ("bars.npz", tmp_path / "bars.npz", "*.npz", "hf:ylecun/mnist"):
        with pytest.raises(DataError, match="neither a named data set nor images that this machine remembers"):
            open_held_out(renamed(name))
    assert open_held_out(renamed("bars.npz"), tmp_path / "bars.npz").split == "test"


def test_images_of_another_shape_are_refused(tiny_run):
    with pytest.raises(DataError, match="expected images of 10x12x1"):
        open_held_out(tiny_run, np.zeros((4, 8, 8, 1), np.uint8))


def test_a_place_where_nothing_is_is_a_wrong_call(tiny_run):
    with pytest.raises(UsageError, match="no data set or path"):
        open_held_out(tiny_run, "no-such-place")
