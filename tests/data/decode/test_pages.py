import tarfile

import numpy as np
import pytest
from PIL import Image, ImageSequence, TiffImagePlugin

from isthmus.data import open_images
from isthmus.data.decode.entries import Entry
from isthmus.data.decode.pages import as_path, each_image, file_of
from isthmus.data.open.folders import Folder
from isthmus.errors import DataError

COUNT = 12


def everything(source):
    return source.read(np.arange(len(source)))


@pytest.fixture
def levels(random_images):
    """Grey images that survive every format: of few levels, none the same as another."""
    return random_images(COUNT, 6, 5) // 64 * 64


@pytest.fixture
def stack(tmp_path, levels):
    """Writes the images as pages of one file; gives its folder."""

    def write(name, images=levels, **options):
        folder = tmp_path / "data"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        first, *others = map(Image.fromarray, images)
        first.save(folder / name, save_all=True, append_images=others, **options)
        return folder

    return write


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.tif", {}), ("a.gif", {"duration": 50}), ("a.png", {"duration": 50}), ("a.webp", {"lossless": True})],
)
def test_each_page_is_an_image(stack, levels, name, options):
    folder = stack(name, **options)
    images = open_images(folder, preprocessing=None).train
    grey = everything(images)[..., 0]
    np.testing.assert_array_equal(grey, levels)
    assert images.names[3] == "a[03]"
    assert [entry.name for entry in each_image(Folder(folder))][3] == f"{name}[03]"


def test_pages_of_several_sizes_and_their_turns(tmp_path, random_images):
    tall, turned = random_images(7, 3), random_images(4, 5)
    with TiffImagePlugin.AppendingTiffWriter(tmp_path / "a.tif", True) as file:
        Image.fromarray(tall).save(file, "TIFF")
        file.newFrame()
        Image.fromarray(turned).save(file, "TIFF", tiffinfo={274: 6})  # a quarter to the right
    first, second = (np.asarray(entry.load()) for entry in each_image(Folder(tmp_path)))
    np.testing.assert_array_equal(first, tall)
    np.testing.assert_array_equal(second, np.rot90(turned, -1))


def test_previews_and_masks_are_no_pages(tmp_path, random_images):
    kinds = {"page": 2, "preview": 1, "mask": 4}
    with TiffImagePlugin.AppendingTiffWriter(tmp_path / "a.tif", True) as file:
        for kind in kinds.values():
            Image.fromarray(random_images(4, 5, seed=kind)).save(file, "TIFF", tiffinfo={254: kind})
            file.newFrame()
    (only,) = each_image(Folder(tmp_path))
    assert only.name == "a.tif"


def test_previews_in_a_camera_s_file_are_no_pages(tmp_path, random_images):
    first, second = (Image.fromarray(random_images(8, 8, 3, seed=seed)) for seed in (0, 1))
    first.save(tmp_path / "a.mpo", save_all=True, append_images=[second])
    assert len(open_images(tmp_path).train) == 1


def test_pages_in_an_archive_and_in_class_folders(stack, levels, tmp_path):
    folder = stack("cells/b.tif")
    Image.fromarray(levels[0]).save(folder / "cells" / "a.png")
    stack("other/c.tif", levels[:2])
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.add(folder, "all")
    for place in (folder, tmp_path / "all.tar"):
        images = open_images(place).train
        assert len(images) == 1 + COUNT + 2
        assert images.class_names == ("cells", "other")
        np.testing.assert_array_equal(everything(images)[1 : COUNT + 1, ..., 0], levels)


def test_what_was_found_says_so(stack):
    origin = open_images(stack("a.tif")).origin
    assert origin.found == f"{COUNT} images of 5x6, {COUNT} of them pages or frames of 1 file"


def test_a_damaged_page_is_named(stack, tmp_path):
    path = stack("a.tif", compression="tiff_lzw") / "a.tif"
    with Image.open(path) as image:
        places = [page.tag_v2[273][0] for page in ImageSequence.Iterator(image)]
    content = bytearray(path.read_bytes())
    content[places[4] : places[4] + 8] = bytes(8)
    path.write_bytes(content)
    images = open_images(path)
    assert len(images.train) == COUNT - 1
    assert [item.name for item in images.origin.skipped] == ["a.tif[04]"]


@pytest.mark.parametrize(
    ("name", "path", "file"),
    [
        ("a/stack.tif[03]", "a/stack[03].tif", "a/stack.tif"),
        ("stack.tif", "stack.tif", "stack.tif"),
        ("odd[3].tif", "odd[3].tif", "odd[3].tif"),
        ("v1.2[3]/a.png", "v1.2[3]/a.png", "v1.2[3]/a.png"),
    ],
)
def test_names(name, path, file):
    assert str(as_path(name)) == path
    assert file_of(name) == file


@pytest.mark.parametrize(
    ("name", "solution"),
    [("a.HEIC", "magick"), ("a.cr2", "darktable"), ("a.svg", "draw it first"), ("a.dcm", "export it as TIFF")],
)
def test_unsupported_formats_are_named_with_a_solution(tmp_path, encoded, random_images, write_files, name, solution):
    content = encoded(random_images(4, 4))
    folder = write_files(tmp_path / "data", {name: content, **{f"{number}.png": content for number in range(20)}})
    (skipped,) = open_images(folder).origin.skipped
    assert skipped.name == name
    assert solution in skipped.reason
    for alone in (folder / name, folder / "*.[!p]*"):
        with pytest.raises(DataError, match=solution):
            open_images(str(alone))


def test_an_entry_is_loaded_once(encoded, random_images):
    calls = []
    entry = Entry("a.png", lambda: calls.append(1) or encoded(random_images(4, 4)))

    class Once:
        def entries(self):
            return iter([entry])

    (image,) = each_image(Once())
    image.load()
    assert calls == [1]
