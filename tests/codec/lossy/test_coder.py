import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from isthmus.codec.lossy.coder import decode, encode
from isthmus.codec.lossy.masses import LEAST_WIDTH, MOST_WIDTH, REACH
from isthmus.errors import ArchiveError

VALUES = np.arange(-REACH, REACH)


@given(
    st.lists(st.integers(LEAST_WIDTH, MOST_WIDTH), min_size=1, max_size=5),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 30, REACH]),
)
def test_quantised_codes_come_back(widths, count, seed, reach):
    """Unlikely quantised too."""
    quantised = np.random.default_rng(seed).integers(-reach, reach, (count, len(widths))).astype(np.int32)
    words = encode(quantised, np.array(widths))
    np.testing.assert_array_equal(decode(words, np.array(widths), count), quantised)


def test_the_bits_are_the_entropy():
    rng = np.random.default_rng(0)
    widths = np.array([-8, 0, 16, 30])
    quantised = np.rint(rng.standard_normal((20_000, 4)) * 2.0 ** (widths / 8)).astype(np.int32)
    entropy = 0.0
    for width in widths:
        p = norm.cdf((VALUES + 0.5) / 2.0 ** (width / 8)) - norm.cdf((VALUES - 0.5) / 2.0 ** (width / 8))
        entropy -= np.sum(p[p > 0] * np.log2(p[p > 0]))
    assert 32 * len(encode(quantised, widths)) / 20_000 == pytest.approx(entropy, rel=0.01)


def test_the_words_are_the_same_on_every_machine():
    """Pinned: a file written here is read elsewhere, and in years."""
    quantised = np.arange(-6, 6, dtype=np.int32).reshape(4, 3)
    np.testing.assert_array_equal(encode(quantised, np.array([0, 12, 20])), [1633725876, 2852127226, 151912632])


@pytest.mark.parametrize("width", [LEAST_WIDTH, -20, 0, MOST_WIDTH])
def test_as_many_as_there_is_room_for(width):
    """The likeliest codes take the fewest bits, and many of them have room; thrice as many would not."""
    quantised, widths = np.zeros((200_000, 2), np.int32), np.array([width, width])
    words = encode(quantised, widths)
    np.testing.assert_array_equal(decode(words, widths, len(quantised)), quantised)
    with pytest.raises(ArchiveError, match="cannot hold"):
        decode(words, widths, 800_000)


@pytest.mark.parametrize("damage", [lambda w: w[:-1], lambda w: np.append(w, np.uint32(0)), lambda w: np.append(w, w)])
def test_damage_is_an_error(damage):
    widths = np.array([20, 20])
    words = encode(np.arange(-10, 10, dtype=np.int32).reshape(-1, 2), widths)
    with pytest.raises(ArchiveError, match="damaged"):
        decode(damage(words), widths, 10)
