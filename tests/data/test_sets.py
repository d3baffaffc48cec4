import pytest

from isthmus.data import ArraySource, ImageSet
from isthmus.errors import DataError


def test_a_set_refuses_test_images_of_another_shape(random_images):
    with pytest.raises(DataError, match=r"2x2x1.*3x2x1"):
        ImageSet("odd", ArraySource(random_images(1, 2, 2, 1)), ArraySource(random_images(1, 2, 3, 1)))
