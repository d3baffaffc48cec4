import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isthmus.codec.coder.integers import inflate, pack, unpack
from isthmus.errors import ArchiveError


@given(hnp.arrays(np.int64, st.integers(0, 600), elements=st.integers(-(2**40), 2**40)), st.booleans())
def test_numbers_come_back(numbers, regular):
    method, content = pack(numbers, regular)
    np.testing.assert_array_equal(unpack(method, content, len(numbers)), numbers)


@pytest.mark.parametrize("scale", [30, 300, 30_000])
def test_a_histogram_comes_near_the_entropy(scale, plain_decoder):
    numbers = np.rint(np.random.default_rng(0).standard_normal(20_000) * scale).astype(np.int64)
    method, content = pack(numbers, regular=False)
    assert method == "histogram"
    entropy = len(numbers) * np.log2(scale * np.sqrt(2 * np.pi * np.e)) / 8
    assert len(content) < 1.02 * entropy + 600
    assert plain_decoder.unpack(method, content, 50) == numbers[:50].tolist() or scale > 30


def test_regular_numbers_take_next_to_nothing():
    assert len(pack(np.arange(100_000), regular=True)[1]) < 2000


def test_a_bomb_does_not_go_off():
    bomb = zlib.compress(bytes(1 << 26), 9)
    with pytest.raises(ArchiveError, match="expected 100 decompressed bytes; found more"):
        inflate(bomb, 100)


@pytest.mark.parametrize("method", ["differences", "histogram", "magic"])
@pytest.mark.parametrize("content", [b"", b"nonsense" * 9, zlib.compress(b"x")])
def test_damage_is_an_error(method, content):
    with pytest.raises(ArchiveError):
        unpack(method, content, 10)
