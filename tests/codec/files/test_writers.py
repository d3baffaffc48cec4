import numpy as np
import pytest
from PIL import Image

from isthmus.codec import NamedImage
from isthmus.codec.files.writers import ArrayWriter, FolderWriter, writer_to
from isthmus.errors import UsageError


def image(level, shape=(2, 3, 1)):
    return np.full(shape, level, np.uint8)


def as_items(names):
    """A picture under each name, each of another level."""
    return [NamedImage(name, image(level)) for level, name in enumerate(names)]


@pytest.fixture
def unpacked(tmp_path):
    """Write items into a folder: the level of each file by its path, and what was renamed."""

    def unpack(items):
        (tmp_path / "out").mkdir()
        writer = FolderWriter(tmp_path / "out")
        for item in items:
            writer.write(item)
        assert writer.count == len(items)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        found = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
        levels = {str(path.relative_to(tmp_path / "out")): np.asarray(Image.open(path))[0, 0] for path in found}
        return levels, dict(writer.renamed)

    return unpack


@pytest.mark.skipif("os.name == 'nt'")
def test_names_that_are_taken_here_stay(unpacked):
    names = ["a\\b.png", "2024-05-01 12:30:00.png", "é" * 122 + ".png", "cats/1.png", "caf\udce9.png"]
    levels, renamed = unpacked(as_items(names))
    assert levels == {name: level for level, name in enumerate(names)}
    assert renamed == {}


def test_no_name_blocks_the_rest(unpacked):
    names = [
        "../evil.png",
        "/etc/x",
        "",
        "x\0y",
        "n" * 300 + ".png",
        ("d" * 250 + "/") * 16 + "b",
        "v" * 255,
        "good.png",
    ]
    levels, renamed = unpacked(as_items(names))
    assert levels == {
        "__/evil.png": 0,
        "etc/x.png": 1,
        "unnamed.png": 2,
        "x_y.png": 3,
        "n" * 251 + ".png": 4,
        "image-6.png": 5,
        "v" * 251 + ".png": 6,
        "good.png": 7,
    }
    assert renamed == {
        name: path for name, path in zip(names, levels_in_order(levels), strict=True) if name != "good.png"
    }


def levels_in_order(levels):
    return sorted(levels, key=levels.__getitem__)


def test_a_file_and_a_folder_of_one_name(unpacked):
    names = ["n/a.bmp", "n/a.png/b.png", "n/a.png/c.png", "n/d.png/e.png", "n/d.bmp"]
    levels, renamed = unpacked(as_items(names))
    assert levels == {"n/a.png": 0, "n/a-2.png/b.png": 1, "n/a-2.png/c.png": 2, "n/d.png/e.png": 3, "n/d-2.png": 4}
    assert renamed == {"n/a.png/b.png": "n/a-2.png/b.png", "n/a.png/c.png": "n/a-2.png/c.png", "n/d.bmp": "n/d-2.png"}


def test_one_name_many_times(unpacked):
    levels, renamed = unpacked(as_items(["a.png", "a.png", "a-2.png", "a.gif", "a"]))
    assert levels == {"a.png": 0, "a-2.png": 1, "a-2-2.png": 2, "a-3.png": 3, "a-4.png": 4}
    assert list(renamed) == ["a.png", "a-2.png", "a.gif", "a"]


def test_files_and_arrays_keep_what_they_are(tmp_path):
    writer = FolderWriter(tmp_path)
    writer.write(NamedImage("notes.bin", file=b"as it is"))
    writer.write(NamedImage("two.tif", image(9, (4, 5, 2))))
    assert (tmp_path / "notes.bin").read_bytes() == b"as it is"
    np.testing.assert_array_equal(np.load(tmp_path / "two.npy"), image(9, (4, 5, 2)))
    assert writer.renamed == []


def test_an_array_takes_the_shape_of_its_first_image(tmp_path):
    with writer_to(tmp_path / "x.npy", 2) as writer:
        writer.write(NamedImage("a", image(1, (4, 5, 3))))
        writer.write(NamedImage("b", image(2, (4, 5, 3))))
    assert np.load(tmp_path / "x.npy")[:, 0, 0, 0].tolist() == [1, 2]
    writer = ArrayWriter(tmp_path / "y.npy", 2)
    writer.write(NamedImage("a", image(1, (4, 5, 3))))
    for reason, other in {
        "another shape": NamedImage("c", image(2)),
        "stored as a file": NamedImage("c", file=b"x"),
    }.items():
        with pytest.raises(UsageError, match=reason):
            writer.write(other)
    (tmp_path / "y.npy").unlink()
    with pytest.raises(UsageError, match="no image"), writer_to(tmp_path / "y.npy", 0):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]
