import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isthmus.data.open.folders import Folder, Pattern
from isthmus.data.open.paths import open_path
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

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"])
    def test_a_file_without_an_ending_is_known_by_its_start(self, tmp_path, encoded, write_files, kind):
        contents = {"a/one": encoded(np.zeros((4, 6, 3), np.uint8), kind), "a/README": b"PNG", "a/empty": b""}
        folder = Folder(write_files(tmp_path / "set", contents))
        assert [entry.name for entry in folder.entries()] == ["a/one"]
        assert folder.other_files == 2
        source = open_path(tmp_path / "set").train
        assert (source.names, source.spec.shape[:2]) == (("a/one",), (4, 6))
        assert open_path(tmp_path / "set" / "a" / "one").train.names == ("one",)
        assert [entry.name for entry in Pattern(f"{tmp_path}/**").entries()] == ["set/a/one"]

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
        with pytest.raises(DataError, match=r"1\.tiff' .*cannot be read as an image: its values go from 70,000"):
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


class TestLinks:
    @pytest.fixture
    def loops(self, tmp_path, save):
        """Five images, and links to the folder that they lie in."""
        for number in range(5):
            save(f"loop/{number}.png", np.full((4, 6), number, np.uint8))
        for name in ("a", "b"):
            (tmp_path / "loop" / name).symlink_to(".", target_is_directory=True)
        return tmp_path / "loop"

    def test_of_a_pattern_end(self, loops):
        names = [f"{number}.png" for number in range(5)]
        for pattern in ("**/*.png", "**", "**/**/*.png"):
            assert [entry.name for entry in Pattern(f"{loops}/{pattern}").entries()] == names
        assert [entry.name for entry in Pattern(f"{loops}/[a]/*.png").entries()] == [f"a/{name}" for name in names]

    def test_to_a_folder_that_is_read_are_no_images_that_are_missing(self, loops):
        folder = Folder(loops)
        assert len(open_path(loops).train) == len(list(folder.entries())) == 5
        assert folder.repeated == ("a", "b")

    def test_a_folder_counts_where_it_lies(self, tmp_path, save):
        save("set/real/1.png")
        (tmp_path / "set" / "also").symlink_to("real", target_is_directory=True)
        assert open_path(tmp_path / "set").train.class_names == ("real",)

    def test_to_itself(self, loops):
        (loops / "self").symlink_to("self")
        assert len(open_path(loops).train) == 5


def test_a_pattern_matches_as_the_shell_has_it(tmp_path, save):
    for name in ("a/1.png", "a/b/2.png", "a/b/c/3.png", "a/.d/4.png", "e/5.png", "a/b/note.txt"):
        save(name) if name.endswith("png") else (tmp_path / name).write_text("mine")

    def matches(pattern):
        return [path.name for path in Pattern(f"{tmp_path}/{pattern}")._files()]

    assert matches("*/*.png") == ["1.png", "5.png"]
    assert matches("a/**/*.png") == ["1.png", "2.png", "3.png"]
    assert matches("**/b/*") == ["2.png"]
    assert matches("a/**/c/../2.png") == ["2.png"]
    assert matches("**/*.txt") == ["note.txt"]
    assert matches("a/.d/*") == ["4.png"]


@pytest.mark.skipif(os.pathconf("/", "PC_PATH_MAX") < 4096, reason="needs paths of 3,000 letters")
def test_a_folder_as_deep_as_can_be(tmp_path, monkeypatch):
    """Deeper than Python's calls may be nested; made and removed step by step, as `shutil` nests them."""
    monkeypatch.chdir(tmp_path)
    depth = 1500
    for _ in range(depth):
        os.mkdir("d")  # noqa: PTH102  # relative, as the whole path would be too long for some systems
        os.chdir("d")
    Image.new("L", (4, 4)).save("1.png")
    os.chdir(tmp_path)
    try:
        (entry,) = Folder(tmp_path).entries()
        assert entry.name == "d/" * depth + "1.png"
        assert len(open_path(tmp_path).train) == 1
    finally:
        Path("d/" * depth + "1.png").unlink()
        os.removedirs("d/" * depth)
