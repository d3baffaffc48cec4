import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import ArraySource, ImageSet, ImageSpec, select, split_by_content
from isthmus.errors import DataError, UsageError


def numbered(count, copies=1):
    """Images that all differ, each of them `copies` times in a row."""
    images = np.arange(count, dtype="<u4").view(np.uint8).reshape(count, 2, 2, 1)
    return np.repeat(images, copies, axis=0)


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


class TestSplitByContent:
    def test_is_a_partition_of_about_the_fraction(self):
        source = ArraySource(numbered(2000))
        kept, aside = split_by_content(source, 0.1)
        # Five standard deviations of a binomial count.
        assert abs(len(aside) - 200) < 5 * np.sqrt(2000 * 0.1 * 0.9)
        together = sorted(kept.names + aside.names)
        assert together == list(source.names)

    @given(st.integers(20, 200), st.floats(0.2, 0.8))
    def test_copies_never_straddle(self, count, fraction):
        kept, aside = split_by_content(ArraySource(numbered(count, copies=3)), fraction)
        kept_rows = {image.tobytes() for image in everything(kept)}
        aside_rows = {image.tobytes() for image in everything(aside)}
        assert not kept_rows & aside_rows
        assert len(kept_rows | aside_rows) == count

    def test_more_images_move_none(self):
        _, few = split_by_content(ArraySource(numbered(100)), 0.3)
        _, many = split_by_content(ArraySource(numbered(300)[::-1]), 0.3)
        before = {image.tobytes() for image in everything(few)}
        after = {image.tobytes() for image in everything(many)}
        first = {image.tobytes() for image in numbered(100)}
        assert after & first == before

    def test_a_larger_fraction_takes_more_of_the_same(self):
        _, few = split_by_content(ArraySource(numbered(300)), 0.1)
        _, many = split_by_content(ArraySource(numbered(300)), 0.4)
        assert set(few.names) < set(many.names)

    def test_zero_keeps_all(self):
        kept, aside = split_by_content(ArraySource(numbered(3)), 0.0)
        assert (len(kept), len(aside)) == (3, 0)

    def test_each_side_gets_one_image_at_least(self):
        for fraction in (0.001, 0.999):
            kept, aside = split_by_content(ArraySource(numbered(2)), fraction)
            assert (len(kept), len(aside)) == (1, 1)

    def test_copies_of_one_image_cannot_be_split(self):
        with pytest.raises(DataError, match="too few different images"):
            split_by_content(ArraySource(numbered(1).repeat(5, axis=0)), 0.5)

    def test_splits_for_different_purposes_do_not_depend_on_each_other(self):
        source = ArraySource(numbered(2000))
        _, test = split_by_content(source, 0.5, "test")
        _, both = split_by_content(test, 0.5, "validation")
        assert 400 < len(both) < 600

    def test_a_purpose_of_too_many_letters(self):
        with pytest.raises(UsageError, match="16 bytes"):
            split_by_content(ArraySource(numbered(3)), 0.5, "x" * 17)

    @pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
    def test_refuses_what_is_no_fraction(self, fraction):
        with pytest.raises(UsageError, match="from 0 to below 1"):
            split_by_content(ArraySource(numbered(3)), fraction)

    def test_reads_large_sources_in_parts(self):
        # 48 MB: three chunks.
        images = np.zeros((60_000, 28, 28, 1), np.uint8)
        images[:, 0, :4, 0] = np.arange(60_000, dtype="<u4").view(np.uint8).reshape(-1, 4)
        kept, aside = split_by_content(ArraySource(images), 0.1)
        assert len(kept) + len(aside) == 60_000
        assert abs(len(aside) - 6000) < 5 * np.sqrt(60_000 * 0.1 * 0.9)


def test_a_set_refuses_test_images_of_another_shape(random_images):
    with pytest.raises(DataError, match=r"2x2x1.*3x2x1"):
        ImageSet("odd", ArraySource(random_images(1, 2, 2, 1)), ArraySource(random_images(1, 2, 3, 1)))
