import numpy as np
import pytest
from PIL import Image

from isthmus.data.open.pairs import open_masked, open_pairs
from isthmus.data.preprocessing import ImageOptions
from isthmus.errors import DataError, UsageError


def save(path, pixels, palette=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette:
        image = Image.fromarray(pixels, "P")
        image.putpalette([*range(256)] * 3)
    image.save(path)


@pytest.fixture
def folders(tmp_path):
    """Six pictures, each with its negative and a mask of the values 0, 3 and 9."""
    rng = np.random.default_rng(0)
    for number in range(6):
        picture = rng.integers(0, 256, (8, 10, 3)).astype(np.uint8)
        mask = np.array([0, 3, 9], np.uint8)[rng.integers(0, 3, (8, 10))]
        save(tmp_path / "images" / "a" / f"{number}.png", picture)
        save(tmp_path / "negatives" / "a" / f"{number}.bmp", 255 - picture)
        save(tmp_path / "masks" / "a" / f"{number}.png", mask)
    return tmp_path


def test_pairs_lie_one_on_the_other(folders):
    pairs = open_pairs(folders / "images", folders / "negatives")
    assert pairs.target_channels == 3
    pixels = pairs.images.train.read(np.arange(6))
    assert pixels.shape == (6, 8, 10, 6)
    np.testing.assert_array_equal(pixels[..., 3:], 255 - pixels[..., :3])
    assert list(pairs.images.train.names) == [f"a/{number}" for number in range(6)]


@pytest.mark.parametrize("place", ["images", None])
def test_masks_are_numbers_of_classes(folders, place):
    pairs = open_masked(folders, None) if place is None else open_masked(folders / "images", folders / "masks")
    assert pairs.classes == (0, 3, 9)
    masks = pairs.images.train.read(np.arange(6))[..., 3]
    for mask, number in zip(masks, range(6), strict=True):
        values = np.asarray(Image.open(folders / "masks" / "a" / f"{number}.png"))
        np.testing.assert_array_equal(np.array([0, 3, 9])[mask], values)


def test_two_classes_are_black_and_white(folders):
    for path in (folders / "masks").rglob("*.png"):
        save(path, np.where(np.asarray(Image.open(path)) > 0, np.uint8(1), np.uint8(0)), palette=True)
    pairs = open_masked(folders, None)
    assert pairs.classes == (0, 1)
    assert set(np.unique(pairs.images.train.read(np.arange(6))[..., 3])) == {0, 255}


def test_masks_are_fitted_without_mixing(folders):
    pairs = open_masked(folders, None, ImageOptions(size=(5, 5)))
    masks = pairs.images.train.read(np.arange(6))[..., 3]
    assert masks.shape == (6, 5, 5)
    assert set(np.unique(masks)) == {0, 1, 2}


def test_a_mask_moves_with_its_image(tmp_path):
    """Where the picture is bright, the mask is on: after any fitting the two agree but at edges."""
    for number in range(3):
        mask = np.zeros((60, 90), np.uint8)
        mask[10 * number : 10 * number + 20, 30:60] = 255
        save(tmp_path / "images" / f"{number}.png", mask)
        save(tmp_path / "masks" / f"{number}.png", mask)
    for fit in ("crop", "pad", "stretch"):
        pixels = open_masked(
            tmp_path, None, ImageOptions(size=(30, 30), fit=fit, background="black")
        ).images.train.read(np.arange(3))
        assert ((pixels[..., 0] >= 128) != (pixels[..., 1] > 0)).mean() < 0.03


class TestFaults:
    def test_one_without_its_partner(self, folders):
        (folders / "negatives" / "a" / "2.bmp").unlink()
        with pytest.raises(DataError, match=r"1 in 'images' alone, such as 'a/2'"):
            open_pairs(folders / "images", folders / "negatives")
        (folders / "images" / "a" / "2.png").unlink()
        (folders / "images" / "a" / "3.png").rename(folders / "images" / "a" / "x.png")
        with pytest.raises(DataError, match=r"1 in 'images' alone.*; 1 in 'negatives' alone"):
            open_pairs(folders / "images", folders / "negatives")

    @pytest.mark.parametrize("side", ["images", "negatives"])
    def test_names_that_differ_by_suffix_alone(self, folders, side):
        for number in range(2):
            save(folders / side / "a" / f"{number}.tif", np.zeros((8, 10, 3), np.uint8))
        with pytest.raises(DataError, match=rf"names in '{side}' that .* 2 are .* 'a/0\.\w+' and 'a/0\.tif'; 'a/1"):
            open_pairs(folders / "images", folders / "negatives")

    def test_another_size(self, folders):
        save(folders / "negatives" / "a" / "2.bmp", np.zeros((8, 11, 3), np.uint8))
        with pytest.raises(DataError, match=r"'a/2\.png': 10x8, and its partner 11x8"):
            open_pairs(folders / "images", folders / "negatives")

    def test_an_unknown_class(self, folders):
        with pytest.raises(DataError, match=r"masks of the classes 0, 3; that of 'a/\d' has 9 too"):
            open_masked(folders, None, classes=(0, 3))

    def test_a_photograph_for_a_mask(self, folders):
        grey = np.random.default_rng(0).integers(0, 256, (8, 10)).astype(np.uint8)
        save(folders / "masks" / "a" / "0.png", grey)
        with pytest.raises(DataError, match="at most 64 values"):
            open_masked(folders, None)

    def test_a_mask_in_colours(self, folders):
        for number in range(6):
            save(folders / "masks" / "a" / f"{number}.png", np.full((8, 10, 3), (9, 0, 0), np.uint8))
        with pytest.raises(DataError, match="it has colours"):
            open_masked(folders, None)

    def test_one_class_alone(self, folders):
        for number in range(6):
            save(folders / "masks" / "a" / f"{number}.png", np.zeros((8, 10), np.uint8))
        with pytest.raises(DataError, match="two classes or more"):
            open_masked(folders, None)

    def test_no_masks(self, folders):
        with pytest.raises(UsageError, match="expected masks: a folder of them with --targets"):
            open_masked(folders / "images", None)

    @pytest.mark.parametrize(("side", "suffix"), [("images", "png"), ("negatives", "bmp")])
    @pytest.mark.parametrize("left", [0, 60])  # nothing at all, or a whole head
    def test_an_unreadable_half_takes_the_other_with_it(self, folders, side, suffix, left):
        for number in range(6, 16):  # one in sixteen may be damaged
            picture = np.full((8, 10, 3), number, np.uint8)
            save(folders / "images" / "a" / f"{number}.png", picture)
            save(folders / "negatives" / "a" / f"{number}.bmp", 255 - picture)
        torn = folders / side / "a" / f"2.{suffix}"
        torn.write_bytes(torn.read_bytes()[:left])
        pairs = open_pairs(folders / "images", folders / "negatives")
        assert len(pairs.images.train) == 15
        assert "a/2" not in pairs.images.train.names
        assert [item.name for item in pairs.images.origin.skipped] == [f"a/2.{suffix}"]
        pixels = pairs.images.train.read(np.arange(15))
        np.testing.assert_array_equal(pixels[..., 3:], 255 - pixels[..., :3])

    def test_more_than_memory_holds(self, folders, monkeypatch):
        monkeypatch.setenv("ISTHMUS_MEMORY", "100")
        with pytest.raises(DataError, match="held in memory"):
            open_pairs(folders / "images", folders / "negatives")
