import numpy as np
import pytest
import tifffile

from isthmus.data.tiff import write_tiff


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 16])
def test_every_number_comes_back_from_a_file(channels, dtype, tmp_path):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (6, 9, channels)).astype(dtype)
    write_tiff(tmp_path / "in" / "a.tif", pixels)
    found = tifffile.imread(tmp_path / "in" / "a.tif")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.reshape(pixels.shape), pixels)
    with tifffile.TiffFile(tmp_path / "in" / "a.tif") as file:
        assert file.pages[0].photometric.name == ("RGB" if channels == 3 else "MINISBLACK")
