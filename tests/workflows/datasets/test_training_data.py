import numpy as np
import pytest
from PIL import Image

from isthmus.data import ImageOptions, ImageSet, Preprocessing, as_source, select
from isthmus.errors import DataError, RecipeError, UsageError
from isthmus.recipes import RECIPES, BernoulliLikelihood, CategoricalLikelihood, Recipe
from isthmus.workflows.datasets import open_training_data
from isthmus.workflows.inspection import inspect
from isthmus.workflows.provenance import data_entry

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 6, 5, 1)).astype(np.uint8)


def pictures(source):
    return {image.tobytes() for image in source.read(np.arange(len(source)))}


def test_three_parts_that_share_nothing():
    prepared = open_training_data(IMAGES, "conv-vae", {"training.validation_fraction": 0.2})
    parts = [pictures(part) for part in (prepared.train, prepared.validation, prepared.test)]
    assert set.union(*parts) == {image.tobytes() for image in IMAGES}
    assert sum(map(len, parts)) == 300
    assert 15 <= len(prepared.test) <= 50
    assert 30 <= len(prepared.validation) <= 85


def test_copies_of_an_image_never_stand_on_two_sides():
    prepared = open_training_data(np.concatenate([IMAGES, IMAGES]), "conv-vae")
    assert len(prepared.train) == 2 * len(pictures(prepared.train))
    assert not pictures(prepared.train) & pictures(prepared.test)


def test_the_datas_own_test_images_are_kept():
    source = as_source(IMAGES[:200]), as_source(IMAGES[200:])
    prepared = open_training_data(ImageSet("mine", *source), "conv-vae", {"training.validation_fraction": 0.0})
    assert (len(prepared.train), prepared.validation, len(prepared.test)) == (200, None, 100)
    assert prepared.name == "mine"


@pytest.mark.parametrize("task", ["reconstruct", "colourise"])
def test_test_images_alone_are_refused(task):
    colours = as_source(np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3)).astype(np.uint8))
    images = ImageSet("mine", select(colours, []), colours)
    with pytest.raises(DataError, match="every image of 'mine' is a test image, which leaves none to train on"):
        open_training_data(images, None, {"task": task})


def test_too_few_to_test_on_are_all_for_learning():
    prepared = open_training_data(IMAGES[:2], "conv-vae", {"training.validation_fraction": 0.0})
    assert len(prepared.train) + len(prepared.test or ()) == 2
    assert len(prepared.train) >= 1


@pytest.mark.parametrize(("channels", "name"), [(1, "conv-vae-fast"), (3, "photo-ae")])
def test_a_recipe_that_suits_the_images(channels, name):
    prepared = open_training_data(np.repeat(IMAGES, channels, axis=-1), None, {"latent.dim": 7})
    assert prepared.recipe.name == name
    assert prepared.recipe.latent.dim == 7


@pytest.mark.parametrize("recipe", [None, "conv-ae", Recipe()])
def test_images_are_opened_as_the_recipe_wants_them(recipe):
    prepared = open_training_data(IMAGES, recipe, {"pixels.dtype": "float32"})
    assert prepared.train.spec.dtype == prepared.recipe.pixels.dtype == "float32"
    values = prepared.train.read(np.arange(20))
    assert values.dtype == np.float32
    assert 0.95 < values.max() <= 1.0


def test_named_recipes_stay_as_they_are():
    open_training_data(IMAGES, "conv-ae", {"latent.dim": 3})
    assert RECIPES["conv-ae"].latent.dim == 16


@pytest.mark.parametrize(
    ("data", "recipe", "changes", "error"),
    [
        ("no-such-data", "conv-vae", {}, UsageError),
        (IMAGES, "no-such-recipe", {}, RecipeError),
        (IMAGES, "conv-vae", {"no.such": 1}, RecipeError),
        (IMAGES * np.nan, "conv-vae", {}, DataError),
    ],
)
def test_faults_have_their_names(data, recipe, changes, error):
    with pytest.raises(error):
        open_training_data(data, recipe, changes)


class TestImageFiles:
    @pytest.fixture
    def photos(self, tmp_path):
        """Fifty pictures of two sizes, forty in train/ and ten in test/; two of the latter are in both."""
        from PIL import Image

        rng = np.random.default_rng(0)
        for number in range(50):
            path = tmp_path / "photos" / ("train" if number < 40 else "test") / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (20 + number % 2, 70, 3), np.uint8)).save(path)
        for number in (3, 7):
            copy = tmp_path / "photos" / "test" / f"copy-{number}.png"
            copy.write_bytes((tmp_path / "photos" / "train" / f"{number}.png").read_bytes())
        return tmp_path / "photos"

    def test_they_are_made_one_size_and_the_recipe_suits_it(self, photos):
        prepared = open_training_data(photos)
        assert prepared.preprocessing == Preprocessing(64, 64, 3)
        assert prepared.recipe.name == "photo-ae"
        assert prepared.recipe.network.patch == 4

    def test_what_is_given_by_value_does_not_grow(self, photos):
        recipe = RECIPES["conv-vae-colour"]
        assert open_training_data(photos, recipe).recipe == recipe
        assert len(open_training_data(photos, recipe.name).recipe.network.filters) == 4

    def test_training_images_that_are_test_images_too_are_left_out(self, photos):
        prepared = open_training_data(photos, None, {"training.validation_fraction": 0.0})
        assert (len(prepared.train), len(prepared.test)) == (38, 12)
        assert not pictures(prepared.train) & pictures(prepared.test)
        assert {"3", "7"}.isdisjoint(prepared.train.names)
        assert prepared.notices == (
            "2 of 40 training images of photos are test images too, and are left out of training",
        )

    def test_nothing_left_to_learn_from(self, photos):
        for path in (photos / "train").iterdir():
            path.rename(photos / "test" / f"x{path.name}")
        for path in list((photos / "test").iterdir())[:5]:
            (photos / "train" / path.name).write_bytes(path.read_bytes())
        with pytest.raises(DataError, match="every training image of 'photos' is a test image too"):
            open_training_data(photos)

    def test_what_becomes_of_them_is_said(self, photos, capsys):
        for number in range(3):
            (photos / "train" / f"bad{number}.png").write_bytes(b"no")
        open_training_data(photos, preprocessing=ImageOptions(size=(8, 9), fit="pad")).announce()
        said = capsys.readouterr().err
        assert "photos: 52 images of 2 sizes, 70x20 to 70x21, become 9x8 RGB, padded" in said
        assert "3 images are left out, train/bad0.png first (it holds no image" in said
        assert "2 of 40 training images of photos are test images too" in said

    def test_files_that_become_equal_are_counted(self, tmp_path):
        """Black images with a grey edge, which is cut off, and one that is white in the middle."""
        for number in range(40):
            pixels = np.zeros((3, 500), np.uint8)
            pixels[:, 0] = number
            pixels[:, 250] = 255 * (number == 0)
            Image.fromarray(pixels).save(tmp_path / f"{number:02d}.png")
        prepared = open_training_data(tmp_path, None, {"training.validation_fraction": 0.0}, ImageOptions(size=(4, 4)))
        assert prepared.notices == (
            f"38 of 40 images of {tmp_path.name} are the same as another, pixel for pixel once they are 4x4 grey, "
            "cropped where the proportions differ (see --size and --fit)",
        )

    def test_of_arrays_nothing_is_said(self, capsys):
        open_training_data(IMAGES, "conv-vae").announce()
        assert capsys.readouterr().err == ""


class TestArrays:
    @pytest.fixture
    def leaky(self, tmp_path):
        """Training images, of which the last 5 are the test images, and one that is there twice."""
        images = np.random.default_rng(0).integers(0, 256, (20, 4, 4), np.uint8)
        images[1] = images[0]
        path = tmp_path / "leaky.npz"
        np.savez(path, x_train=images, x_test=images[15:], y_train=np.arange(20), y_test=np.arange(5))
        return path

    def test_training_images_that_are_test_images_too_are_left_out(self, leaky, capsys):
        prepared = open_training_data(leaky, "dense-ae", {"training.validation_fraction": 0.0})
        assert prepared.train.labels.tolist() == list(range(15))
        assert len(prepared.test) == 5
        assert prepared.notices == (
            "5 of 20 training images of leaky are test images too, and are left out of training",
            "1 of 20 images of leaky are the same as another, pixel for pixel",
        )
        prepared.announce()
        assert capsys.readouterr().err.splitlines() == list(prepared.notices)
        assert data_entry(prepared).notices == prepared.notices
        assert inspect(leaky).plan.notices[:1] == prepared.notices[:1]

    def test_all_are_test_images(self):
        everything = as_source(np.random.default_rng(0).integers(0, 256, (9, 4, 4), np.uint8))
        with pytest.raises(DataError, match="every training image of 'mine' is a test image too"):
            open_training_data(ImageSet("mine", everything, everything), "dense-ae")


class TestMasks:
    @pytest.fixture
    def masked(self, tmp_path):
        """A function that writes pictures with masks of some values, and gives their folder."""

        def write(values):
            rng = np.random.default_rng(0)
            for part in ("images", "masks"):
                (tmp_path / part).mkdir()
            for number in range(20):
                Image.fromarray(rng.integers(0, 256, (8, 8)).astype(np.uint8)).save(tmp_path / f"images/{number}.png")
                mask = rng.choice(np.array(values, np.uint8), (8, 8))
                Image.fromarray(mask).save(tmp_path / f"masks/{number}.png")
            return tmp_path

        return write

    @pytest.mark.parametrize("recipe", ["unet", None])
    @pytest.mark.parametrize(
        ("values", "likelihood"),
        [((0, 200), BernoulliLikelihood()), ((0, 7, 90, 255), CategoricalLikelihood(classes=4))],
    )
    def test_the_likelihood_follows_the_classes_that_are_counted(self, masked, recipe, values, likelihood):
        prepared = open_training_data(masked(values), recipe, {"task": "segment"})
        assert prepared.recipe.task.classes == values
        assert prepared.recipe.likelihood == likelihood

    def test_one_that_was_asked_for_has_to_suit_them(self, masked):
        with pytest.raises(RecipeError, match=r"masks of 3 classes need likelihood.kind=categorical"):
            open_training_data(masked((0, 1, 2)), "unet", {"task": "segment", "likelihood": "bernoulli"})
