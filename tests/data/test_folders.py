import numpy as np
import pytest
from PIL import Image

from isthmus.data.files import open_path
from isthmus.errors import DataError


@pytest.fixture
def save(tmp_path):
    """Save an array as an image file below the folder, and its parents with it."""

    def save(name, array=None, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 6), np.uint8) if array is None else array).save(path, **options)
        return path

    return save


def everything(source):
    return source.read(np.arange(len(source)))


class TestLayout:
    def test_flat(self, tmp_path, save, random_images):
        images = random_images(3, 4, 6)
        for name, image in zip(["b.png", "a.PNG", "c.bmp"], images, strict=True):
            save(name, image)
        opened = open_path(tmp_path)
        assert opened.name == tmp_path.name
        assert opened.test is None
        assert opened.train.names == ("a", "b", "c")
        assert opened.train.labels is None
        np.testing.assert_array_equal(everything(opened.train)[..., 0], images[[1, 0, 2]])

    def test_class_folders(self, tmp_path, save):
        for name in ["dog/1.png", "cat/far/2.png", "cat/1.png"]:
            save(name)
        source = open_path(tmp_path).train
        assert source.names == ("cat/1", "cat/far/2", "dog/1")
        assert source.class_names == ("cat", "dog")
        assert source.labels.tolist() == [0, 0, 1]

    def test_splits_with_classes(self, tmp_path, save, random_images):
        images = random_images(3, 4, 6)
        for name, image in zip(["train/dog/1.png", "train/cat/1.png", "test/dog/1.png"], images, strict=True):
            save(name, image)
        opened = open_path(tmp_path)
        assert opened.train.names == ("cat/1", "dog/1")
        assert opened.train.class_names == opened.test.class_names == ("cat", "dog")
        assert opened.train.labels.tolist() == [0, 1]
        assert opened.test.labels.tolist() == [1]
        np.testing.assert_array_equal(everything(opened.train)[..., 0], images[[1, 0]])
        np.testing.assert_array_equal(everything(opened.test)[..., 0], images[[2]])

    def test_splits_without_classes(self, tmp_path, save):
        for name in ["train/1.png", "train/2.png", "test/1.png"]:
            save(name)
        opened = open_path(tmp_path)
        assert (len(opened.train), len(opened.test)) == (2, 1)
        assert opened.train.labels is None

    def test_train_alone_is_a_split_and_among_others_a_class(self, tmp_path, save):
        save("train/steam/1.png")
        assert open_path(tmp_path).train.class_names == ("steam",)
        save("car/1.png")
        assert open_path(tmp_path).train.class_names == ("car", "train")

    @pytest.mark.parametrize("stray", ["more/1.png", "loose.png"])
    def test_splits_and_strays(self, tmp_path, save, stray):
        for name in ["train/1.png", "test/1.png", stray]:
            save(name)
        with pytest.raises(DataError, match="images elsewhere too"):
            open_path(tmp_path)

    def test_leaves_other_files_alone(self, tmp_path, save):
        save("1.png")
        save(".hidden.png", np.zeros((9, 9), np.uint8))
        save(".hidden/1.png", np.zeros((9, 9), np.uint8))
        (tmp_path / "README.md").write_text("hello")
        assert open_path(tmp_path).train.names == ("1",)

    def test_names_that_only_the_suffix_tells_apart(self, tmp_path, save):
        for name in ["a.png", "a.bmp", "b.png"]:
            save(name)
        assert open_path(tmp_path).train.names == ("a-bmp", "a-png", "b")


class TestModes:
    def test_sixteen_bits(self, tmp_path, save):
        save("deep.png", np.array([[0, 257, 65535, 128 * 257 + 100]], np.uint16))
        assert everything(open_path(tmp_path).train).ravel().tolist() == [0, 1, 255, 128]

    def test_one_bit(self, tmp_path, save):
        save("1.png", np.array([[True, False]]))
        assert everything(open_path(tmp_path).train).tolist() == [[[[255], [0]]]]

    def test_one_in_colour_makes_all_rgb(self, tmp_path, save, random_images):
        grey, colour = random_images(4, 6), random_images(4, 6, 3)
        save("1.png", grey)
        save("2.png", colour)
        save("3.png", grey)
        images = everything(open_path(tmp_path).train)
        assert images.shape == (3, 4, 6, 3)
        np.testing.assert_array_equal(images[0], np.stack([grey] * 3, axis=-1))
        np.testing.assert_array_equal(images[1], colour)
        np.testing.assert_array_equal(images[2], images[0])

    def test_transparency_lies_on_white(self, tmp_path, save):
        save("1.png", np.array([[[200, 0, 0, 0], [200, 0, 0, 255]]], np.uint8))
        images = everything(open_path(tmp_path).train)
        assert images.tolist() == [[[[255, 255, 255], [200, 0, 0]]]]

    def test_transparent_grey_stays_grey(self, tmp_path, save):
        save("1.png", np.array([[[9, 0], [9, 255]]], np.uint8))
        assert everything(open_path(tmp_path).train).tolist() == [[[[255], [9]]]]

    def test_palette(self, tmp_path):
        image = Image.new("P", (2, 1))
        image.putpalette([10, 20, 30, 40, 50, 60])
        image.putpixel((1, 0), 1)
        image.save(tmp_path / "1.gif")
        assert everything(open_path(tmp_path).train).tolist() == [[[[10, 20, 30], [40, 50, 60]]]]

    def test_orientation(self, tmp_path, save):
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise
        picture = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
        save("1.png", picture, exif=exif)
        np.testing.assert_array_equal(everything(open_path(tmp_path).train)[0, ..., 0], np.rot90(picture, -1))

    def test_floats(self, tmp_path, save):
        save("1.tiff", np.zeros((2, 2), np.float32))
        with pytest.raises(DataError, match=r"1\.tiff' .*cannot be read as an image: it has floats"):
            open_path(tmp_path)

    def test_thirty_two_bits(self, tmp_path, save):
        save("1.tiff", np.array([[70_000]], np.int32))
        with pytest.raises(DataError, match=r"1\.tiff' .*cannot be read as an image: it has 32 bits"):
            open_path(tmp_path)

    def test_as_floats(self, tmp_path, save, random_images):
        image = random_images(4, 6)
        save("1.png", image)
        np.testing.assert_allclose(
            everything(open_path(tmp_path, "float32").train)[0, ..., 0], image / 255.0, rtol=1e-6
        )


class TestBadInput:
    def test_empty(self, tmp_path):
        (tmp_path / "notes.txt").write_text("nothing here")
        with pytest.raises(DataError, match="there are none"):
            open_path(tmp_path)

    def test_no_image(self, tmp_path, save):
        save("a.png")
        (tmp_path / "b.png").write_text("I am a text")
        with pytest.raises(DataError, match=r"1 of 2 images .*\n  b\.png: it holds no image"):
            open_path(tmp_path)

    @pytest.mark.parametrize("suffix", ["png", "jpg"])
    def test_cut_short(self, tmp_path, save, random_images, suffix):
        path = save(f"a.{suffix}", random_images(64, 64, 3))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(DataError, match=rf"a\.{suffix}' .*cannot be read as an image"):
            open_path(tmp_path)


def test_one_image(save, random_images):
    image = random_images(4, 6, 3)
    opened = open_path(save("cat.png", image))
    np.testing.assert_array_equal(everything(opened.train), image[np.newaxis])
    assert (opened.name, opened.train.names, opened.test) == ("cat", ("cat",), None)
