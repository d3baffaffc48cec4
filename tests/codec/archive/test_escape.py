import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isthmus.codec.archive.escape import by_shape, difference, pack_pixels, unpack_pixels
from isthmus.errors import ArchiveError

IMAGES = hnp.arrays(np.uint8, st.tuples(*(st.integers(1, 5) for _ in range(4))))


@given(IMAGES)
def test_pixels_come_back(images):
    np.testing.assert_array_equal(unpack_pixels(pack_pixels(images), len(images), images.shape[1:]), images)


def test_smooth_images_are_packed_as_differences():
    images = (
        np.cumsum(np.ones((1, 64, 64, 1)), axis=2).astype(np.uint8) * np.arange(1, 65, dtype=np.uint8)[:, None, None]
    )
    content = pack_pixels(images)
    assert content[0] == 1
    assert len(content) < 200


def test_differences_are_modulo_256():
    row = np.array([250, 5, 0], np.uint8).reshape(1, 1, 3, 1)
    assert difference(row).ravel().tolist() == [250, 11, 251]


def test_damage_is_an_error():
    content = pack_pixels(np.zeros((2, 3, 3, 1), np.uint8))
    for broken in (content[:-3], content[:1], b"", content[:3] + b"xx" + content[5:]):
        with pytest.raises(ArchiveError):
            unpack_pixels(broken, 2, (3, 3, 1))
    with pytest.raises(ArchiveError):
        unpack_pixels(content, 3, (3, 3, 1))


def test_images_are_sorted_by_shape():
    a, b = np.zeros((1, 2, 3), np.uint8), np.zeros((2, 2, 1), np.uint8)
    groups = by_shape([(0, a), (1, b), (2, a)])
    assert {shape: [place for place, _ in group] for shape, group in groups.items()} == {
        (1, 2, 3): [0, 2],
        (2, 2, 1): [1],
    }
