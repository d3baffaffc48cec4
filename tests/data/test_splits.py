import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import ArraySource, split_by_content
from isthmus.errors import DataError, UsageError


def numbered(count, copies=1):
    """Images that all differ, each of them `copies` times in a row."""
    images = np.arange(count, dtype="<u4").view(np.uint8).reshape(count, 2, 2, 1)
    return np.repeat(images, copies, axis=0)


def everything(source):
    return source.read(np.arange(len(source)))


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

    @given(st.lists(st.integers(0, 999), min_size=2, max_size=30, unique=True), st.sampled_from([0.1, 0.5, 0.9]))
    def test_only_a_side_that_would_be_empty_takes_what_does_not_belong_there(self, chosen, fraction):
        """Among a thousand both sides have their own, and show where each image belongs."""
        images = numbered(1000)
        belongs = set(map(int, split_by_content(ArraySource(images), fraction)[1].names))
        aside = {chosen[int(name)] for name in split_by_content(ArraySource(images[chosen]), fraction)[1].names}
        expected = belongs & set(chosen)
        if 0 < len(expected) < len(chosen):
            assert aside == expected
        else:
            assert len(aside) in (1, len(chosen) - 1)

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
        with pytest.raises(DataError, match="too few different images to hold out"):
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
