import numpy as np
import pytest

from isthmus.data import Preprocessing
from isthmus.data.decode import reader
from isthmus.data.decode.reader import decoded_images, decoder
from isthmus.data.decode.survey import survey
from isthmus.data.open.folders import Folder


@pytest.mark.parametrize("threads", [True, False])
def test_images_keep_their_order(tmp_path, encoded, random_images, write_files, monkeypatch, threads):
    monkeypatch.setattr(reader, "_THREADED_BYTES", 0 if threads else 1 << 30)
    monkeypatch.setattr(reader.os, "cpu_count", lambda: 4)
    images = random_images(50, 6, 7, 3)
    folder = Folder(write_files(tmp_path / "set", {f"{n:02d}.png": encoded(image) for n, image in enumerate(images)}))
    given = list(decoded_images(folder, survey(folder), decoder(Preprocessing(6, 7, 3))))
    np.testing.assert_array_equal(np.stack(given), images)


def test_numbers_of_any_kind_become_bytes():
    convert = decoder(None)
    for array in (np.array([[0.0, 1.0]]), np.array([[0, 255]]), np.array([[False, True]])):
        assert convert(array).tolist() == [[[0], [255]]]
