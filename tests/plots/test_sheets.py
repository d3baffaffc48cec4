import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots.sheets import WHITE, enlarge, save, save_each, thumbnails, tile


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@given(
    count=st.integers(1, 7),
    columns=st.integers(1, 8),
    gap=st.integers(0, 3),
    scale=st.integers(1, 3),
    channels=st.sampled_from([1, 3]),
)
def test_sheet_cut_up_again_gives_the_images(count, columns, gap, scale, channels):
    images = noise(count, 4, 3, channels)
    sheet = tile(images, columns, gap=gap, background=(1, 2, 3), scale=scale)
    rows = -(-count // columns)
    assert sheet.dtype == np.uint8
    assert sheet.shape == (rows * (4 * scale + gap) + gap, columns * (3 * scale + gap) + gap, 3)
    used = np.zeros(sheet.shape[:2], bool)
    for index, image in enumerate(images):
        top = gap + index // columns * (4 * scale + gap)
        left = gap + index % columns * (3 * scale + gap)
        part = sheet[top : top + 4 * scale, left : left + 3 * scale]
        for down in range(scale):
            for across in range(scale):
                np.testing.assert_array_equal(part[down::scale, across::scale], np.broadcast_to(image, (4, 3, 3)))
        used[top : top + 4 * scale, left : left + 3 * scale] = True
    assert (sheet[~used] == (1, 2, 3)).all()


def test_sheet_is_nearly_square_by_default():
    assert tile(noise(16, 5, 5, 1), gap=0, scale=1).shape == (20, 20, 3)
    assert tile(noise(10, 5, 5, 1), gap=0, scale=1).shape == (15, 20, 3)


def test_transparency_shows_the_background():
    image = np.zeros((1, 1, 3, 4), np.uint8)
    image[0, 0, :, 0] = 200
    image[0, 0, :, 3] = [0, 51, 255]
    sheet = tile(image, gap=0, background=(100, 0, 50), scale=1)
    assert sheet[0].tolist() == [[100, 0, 50], [120, 0, 40], [200, 0, 0]]


@pytest.mark.parametrize(("side", "scale"), [(8, 12), (28, 4), (32, 3), (95, 2), (96, 1), (300, 1)])
def test_small_images_are_enlarged_to_be_seen(side, scale):
    images = noise(1, side // 2, side, 1)
    enlarged = enlarge(images)
    assert enlarged.shape == (1, scale * (side // 2), scale * side, 1)
    np.testing.assert_array_equal(enlarged[:, ::scale, ::scale], images)


@pytest.mark.parametrize("arguments", [{"columns": 0}, {"columns": -1}, {"gap": -1}, {"scale": 0}])
def test_bad_layout_is_refused(arguments):
    with pytest.raises(UsageError, match=f"`{next(iter(arguments))}`.*got {next(iter(arguments.values()))}"):
        tile(noise(2, 3, 3, 1), **arguments)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "tiff", "bmp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_file_has_every_pixel(tmp_path, suffix, channels):
    image = noise(6, 5, channels)
    path = save(image, tmp_path / f"sheet.{suffix}")
    with Image.open(path) as read:
        np.testing.assert_array_equal(np.asarray(read.convert("RGB")), np.broadcast_to(image, (6, 5, 3)))


def test_grey_stays_grey_and_alpha_stays_alpha(tmp_path):
    with Image.open(save(noise(3, 3, 1), tmp_path / "grey.png")) as grey:
        assert grey.mode == "L"
    image = noise(3, 3, 4)
    with Image.open(save(image, tmp_path / "alpha.png")) as alpha:
        np.testing.assert_array_equal(np.asarray(alpha), image)


def test_jpeg_lays_transparency_over_white(tmp_path):
    with Image.open(save(np.zeros((8, 8, 4), np.uint8), tmp_path / "a.JPG")) as read:
        assert (np.asarray(read) == WHITE).all()


def test_unknown_format_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match=r"\.png, \.webp.*got '\.xyz'"):
        save(noise(3, 3, 1), tmp_path / "a.xyz")
    assert not list(tmp_path.iterdir())


def test_each_image_has_its_own_file(tmp_path):
    images = noise(3, 4, 4, 3)
    paths = save_each(images, ["one", "two.jpg", "cats/v1.5"], tmp_path, scale=2)
    assert paths == [tmp_path / "one.png", tmp_path / "two.png", tmp_path / "cats" / "v1.5.png"]
    for path, image in zip(paths, images, strict=True):
        with Image.open(path) as read:
            np.testing.assert_array_equal(np.asarray(read), np.kron(image, np.ones((2, 2, 1), np.uint8)))


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "..\\out", "C:out", ""])
def test_names_stay_within_the_folder(tmp_path, name):
    with pytest.raises(UsageError, match="stays within the folder"):
        save_each(noise(1, 2, 2, 1), [name], tmp_path / "inner")
    assert not list(tmp_path.iterdir())


def test_names_must_be_as_many_and_differ(tmp_path):
    with pytest.raises(UsageError, match=r"2 names.*got 1"):
        save_each(noise(2, 2, 2, 1), ["a"], tmp_path)
    with pytest.raises(UsageError, match=r"'a\.jpg' and 'a\.png' both give 'a\.png'"):
        save_each(noise(2, 2, 2, 1), ["a.jpg", "a.png"], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channels", [1, 3])
def test_thumbnails_shrink_only_what_is_large(channels):
    small = np.random.default_rng(0).integers(0, 256, (2, 28, 20, channels), np.uint8)
    assert thumbnails(small) is small
    large = np.full((3, 200, 400, channels), 77, np.uint8)
    shrunk = thumbnails(large, 96)
    assert shrunk.shape == (3, 48, 96, channels)
    assert (shrunk == 77).all()
