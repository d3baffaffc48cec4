import numpy as np
import pytest

from isthmus.data import ArraySource, ImageSpec, select
from isthmus.errors import DataError, UsageError


def everything(source):
    return source.read(np.arange(len(source)))


def test_spec():
    spec = ImageSpec(height=37, width=53, channels=3)
    assert spec.shape == (37, 53, 3)
    assert spec.dims == 5883
    assert str(spec) == "53x37x3"
    assert spec.dtype == "uint8"


class TestArraySource:
    def test_reads_in_any_order_and_copies(self, random_images):
        images = random_images(5, 3, 4, 3)
        source = ArraySource(images)
        got = source.read(np.array([3, 0, 3]))
        np.testing.assert_array_equal(got, images[[3, 0, 3]])
        got[:] = 0
        assert images.any()
        assert source.spec == ImageSpec(3, 4, 3, "uint8")
        assert len(source) == 5

    def test_default_names_sort_as_numbers(self, random_images):
        assert ArraySource(random_images(11, 1, 1, 1)).names[:3] == ("00", "01", "02")
        assert len(set(ArraySource(random_images(11, 1, 1, 1)).names)) == 11

    def test_fingerprint_follows_content_shape_type_and_labels(self, random_images):
        images = random_images(4, 2, 8, 1)
        labels = np.arange(4)
        other = images.copy()
        other[3, 1, 7, 0] ^= 1
        sources = [
            ArraySource(images),
            ArraySource(images, labels),
            ArraySource(images, labels[::-1]),
            ArraySource(images.reshape(4, 8, 2, 1)),
            ArraySource(images.reshape(8, 2, 4, 1)),
            ArraySource(images.astype(np.float32)),
            ArraySource(images[::-1]),
            ArraySource(other),
        ]
        prints = [source.fingerprint for source in sources]
        assert len(set(prints)) == len(sources)
        assert all(len(bytes.fromhex(value)) == 32 for value in prints)
        assert ArraySource(images.copy(order="F"), names=("a", "b", "c", "d")).fingerprint == prints[0]

    @pytest.mark.parametrize("shape", [(3, 4), (3, 4, 4), (1, 2, 3, 4, 5)])
    def test_refuses_another_rank(self, shape):
        with pytest.raises(DataError, match=r"\(n, height, width, channels\)"):
            ArraySource(np.zeros(shape, np.uint8))

    def test_refuses_another_type(self):
        with pytest.raises(DataError, match="float64"):
            ArraySource(np.zeros((1, 2, 2, 1)))

    def test_refuses_labels_of_the_wrong_length(self, random_images):
        with pytest.raises(DataError, match=r"each of 3 images.*\(2,\)"):
            ArraySource(random_images(3, 2, 2, 1), np.array([0, 1]))

    @pytest.mark.parametrize("wrong", [-1, 2])
    def test_refuses_labels_without_a_class(self, random_images, wrong):
        with pytest.raises(DataError, match="from 0 to 1"):
            ArraySource(random_images(2, 2, 2, 1), np.array([0, wrong]), ("a", "b"))

    def test_refuses_names_and_factors_of_the_wrong_length(self, random_images):
        images = random_images(3, 2, 2, 1)
        with pytest.raises(DataError, match="2 names"):
            ArraySource(images, names=("a", "b"))
        with pytest.raises(DataError, match=r"\(2, 1\)"):
            ArraySource(images, factors=np.zeros((2, 1)), factor_names=("x",))


class TestSelect:
    def test_carries_everything_along(self, random_images):
        images, factors = random_images(4, 2, 2, 1), np.arange(8.0).reshape(4, 2)
        source = ArraySource(images, np.array([0, 1, 0, 1]), ("a", "b"), tuple("wxyz"), factors, ("p", "q"))
        part = select(source, [3, 0])
        np.testing.assert_array_equal(everything(part), images[[3, 0]])
        np.testing.assert_array_equal(part.read(np.array([1])), images[[0]])
        np.testing.assert_array_equal(part.labels, [1, 0])
        np.testing.assert_array_equal(part.factors, factors[[3, 0]])
        assert part.names == ("z", "w")
        assert (part.class_names, part.factor_names, part.spec) == (("a", "b"), ("p", "q"), source.spec)
        assert len(part) == 2

    def test_fingerprint_is_that_of_the_images_alone(self, random_images):
        images, labels = random_images(4, 2, 2, 1), np.array([0, 1, 0, 1])
        part = select(select(ArraySource(images, labels), [3, 0, 1]), [0, 2])
        assert part.fingerprint == ArraySource(images[[3, 1]], labels[[3, 1]]).fingerprint

    @pytest.mark.parametrize("wrong", [[-1], [3], [[0]]])
    def test_refuses_what_is_not_there(self, random_images, wrong):
        with pytest.raises(UsageError, match="0 to 2"):
            select(ArraySource(random_images(3, 2, 2, 1)), wrong)
