import zipfile

import numpy as np
import pytest
from PIL import Image

from isthmus.codec import model_of
from isthmus.errors import DataError
from isthmus.workflows.intake import Intake


@pytest.fixture
def pixels_of(tiny_run):
    """What goes into an archive, as pixels or bytes."""

    def read(data):
        return [
            item.pixels if item.pixels is not None else item.file
            for item in Intake(model_of(tiny_run), data, False).items()
        ]

    return read


class Elements:
    """A program's own data set."""

    def __init__(self, *elements):
        self._elements = elements

    def __len__(self):
        return len(self._elements)

    def __getitem__(self, index):
        return self._elements[index]


LEVELS = np.arange(256, dtype=np.uint8).reshape(2, 16, 8, 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_that_are_levels_come_as_levels(pixels_of, dtype):
    for floats in (LEVELS / dtype(255), (LEVELS * (1 / 255)).astype(dtype)):
        np.testing.assert_array_equal(pixels_of(floats.astype(dtype)), LEVELS)


@pytest.mark.parametrize("place", ["array", "npy", "npz", "pair", "set"])
def test_floats_between_levels_are_refused_wherever_they_are(pixels_of, tmp_path, place):
    floats = (LEVELS / 255).astype(np.float32)
    floats[1, 3, 4, 0] += 1e-5
    np.save(tmp_path / "f.npy", floats)
    np.savez(tmp_path / "f.npz", x=floats)
    data = {
        "array": floats,
        "npy": tmp_path / "f.npy",
        "npz": str(tmp_path / "f.npz"),
        "pair": (floats, np.zeros(2, int)),
        "set": Elements(*floats),
    }[place]
    with pytest.raises(DataError, match=r"1 of \d+ lie between two.*np\.rint"):
        pixels_of(data)


def test_numbers_of_sixteen_bits_are_refused(pixels_of):
    deep = LEVELS.astype(np.uint16)
    np.testing.assert_array_equal(pixels_of(deep), LEVELS)
    deep[1, 3, 4, 0] = 256
    with pytest.raises(DataError, match=r"8 bits.*uses 16.*np\.rint"):
        pixels_of(deep)


def test_an_image_of_a_data_set_is_taken_whole_or_refused(pixels_of):
    grey, colour = Image.fromarray(LEVELS[0, ..., 0]), Image.new("RGB", (3, 4), (1, 2, 3))
    found = pixels_of(Elements(grey, colour, grey.convert("1"), LEVELS[1]))
    np.testing.assert_array_equal(found[0], LEVELS[0])
    np.testing.assert_array_equal(found[1], np.broadcast_to(np.uint8([1, 2, 3]), (4, 3, 3)))
    np.testing.assert_array_equal(found[2][..., 0], np.asarray(grey.convert("1").convert("L")))
    np.testing.assert_array_equal(found[3], LEVELS[1])
    for image in (colour.quantize(4), colour.convert("CMYK"), Image.new("I;16", (3, 3)), Image.new("F", (3, 3))):
        with pytest.raises(DataError, match=r"image '000000': .*mode .*Convert it"):
            pixels_of(Elements(image))


@pytest.mark.parametrize("folders", [("train", "test"), ("training", "validation"), ("train/a", "val/a")])
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_is_that_of_other_commands(tiny_run, tmp_path, folders, split):
    for place, level in (("1", 0), ("2", 1), ("3", 0)):
        path = tmp_path / "in" / folders[level] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (10, 12), 255).save(path)
    (tmp_path / "in" / folders[1] / "0.png").write_bytes(b"")
    names = [item.name for item in Intake(model_of(tiny_run), f"{tmp_path}/in:{split}", False).items()]
    folder, files = {"train": (folders[0], "13"), "test": (folders[1], "02")}[split]
    assert names == [f"{folder}/{file}.png" for file in files]


def test_a_folder_around_everything_in_an_archive_hides_no_split(tiny_run, tmp_path):
    Image.new("L", (10, 12)).save(tmp_path / "black.png")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in ("train/1", "train/2", "test/3"):
            archive.write(tmp_path / "black.png", f"photos/{name}.png")
    for split, numbers in (("train", ["1", "2"]), ("test", ["3"])):
        items = Intake(model_of(tiny_run), f"{tmp_path}/in.zip:{split}", False).items()
        assert [item.name for item in items] == [f"photos/{split}/{number}.png" for number in numbers]


def test_what_is_not_split(pixels_of, tmp_path):
    Image.new("L", (10, 12), 255).save(tmp_path / "a.png")
    assert len(pixels_of(f"{tmp_path}:train")) == 1
    with pytest.raises(DataError, match="it is not split"):
        pixels_of(f"{tmp_path}:test")
