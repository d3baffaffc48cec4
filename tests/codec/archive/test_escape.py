import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isthmus.codec.archive.escape import difference, escape, pack_pixels, unpack_pixels
from isthmus.codec.archive.image import NamedImage
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


def test_images_are_grouped_by_shape_and_files_together():
    a, b = np.zeros((2, 3, 1), np.uint8), np.zeros((3, 2, 1), np.uint8)
    images = {0: NamedImage("a", a), 2: NamedImage("b", b), 3: NamedImage("f", file=b"x"), 5: NamedImage("c", a)}
    groups = escape({**images, 6: NamedImage("g", file=b"yz")})
    assert [(group.places, group.shape) for group, _ in groups] == [
        ((0, 5), (2, 3, 1)),
        ((2,), (3, 2, 1)),
        ((3, 6), None),
    ]
    assert [group.stored for group, _ in groups] == [len(content) for _, content in groups]
    assert (groups[2][0].sizes, groups[2][1]) == ((1, 2), b"xyz")
    np.testing.assert_array_equal(unpack_pixels(groups[0][1], 2, (2, 3, 1)), [a, a])
