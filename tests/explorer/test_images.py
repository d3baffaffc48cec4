from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from isthmus.data import Preprocessing
from isthmus.errors import DataError
from isthmus.explorer.images import read_image_file, to_png


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_a_sheet_holds_every_image_in_its_place(channels, count):
    images = np.random.default_rng(0).integers(0, 256, (count, 5, 7, channels), dtype=np.uint8)
    sheet = np.asarray(Image.open(BytesIO(to_png(images)))).reshape(-1, *([channels] if channels > 1 else [1]))
    columns = int(np.ceil(np.sqrt(count)))
    sheet = sheet.reshape(-1, 7 * columns, channels)
    for i in range(count):
        row, column = divmod(i, columns)
        np.testing.assert_array_equal(sheet[5 * row : 5 * row + 5, 7 * column : 7 * column + 7], images[i])


def test_an_image_file_becomes_what_training_made_of_it():
    file = BytesIO()
    Image.new("RGB", (40, 20), (200, 10, 10)).save(file, "PNG")
    preprocessing = Preprocessing(8, 8, 1)
    expected = preprocessing.apply(Image.open(BytesIO(file.getvalue())))
    np.testing.assert_array_equal(read_image_file(file.getvalue(), preprocessing, 10_000)[0], expected)


def test_what_is_no_image_or_too_large_is_refused():
    file = BytesIO()
    Image.new("L", (200, 100)).save(file, "PNG")
    with pytest.raises(DataError, match="at most 10,000 pixels; got 200x100"):
        read_image_file(file.getvalue(), Preprocessing(8, 8, 1), 10_000)
    for content in (b"", b"GIF89a", file.getvalue()[:60]):
        with pytest.raises(DataError, match="expected an image file"):
            read_image_file(content, Preprocessing(8, 8, 1), 1 << 20)
