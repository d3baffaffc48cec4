import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.quality import (
    LEAST,
    MOST,
    coarseness,
    compress_to_quality,
    compress_to_size,
    message_at,
    require_size_or_quality,
)
from isthmus.errors import UsageError


def off_by(statistics, content):
    message = Message.from_bytes(content, statistics.codes.shape[1])
    error = message.grid.dequantise(message.quantised()) - statistics.codes
    return float(np.mean(np.square(error / statistics.tolerances)))


def test_ten_of_quality_halve_the_distance():
    assert coarseness(60) == 1.0
    assert coarseness(30) / coarseness(40) == pytest.approx(2.0)


@pytest.mark.parametrize(("count", "dim"), [(1, 2), (1, 40), (3, 6), (300, 6)])
@pytest.mark.parametrize("seed", [0, 1])
def test_more_quality_never_costs_fewer_bytes(make_statistics, count, dim, seed):
    statistics = make_statistics(count, dim, seed)
    sizes = [len(compress_to_quality(statistics, quality)[1]) for quality in range(LEAST, MOST + 1, 3)]
    assert sizes == sorted(sizes)


def test_more_quality_is_nearer(make_statistics):
    statistics = make_statistics(500)
    errors = [off_by(statistics, compress_to_quality(statistics, quality)[1]) for quality in (10, 30, 50, 70, 90)]
    assert errors == sorted(errors, reverse=True)
    # Rounding to values a tolerance apart: a uniform error, of a twelfth of its square.
    assert off_by(statistics, message_at(statistics, 60).to_bytes()) == pytest.approx(1 / 12, rel=0.3)


@given(st.integers(40, 2000))
def test_a_size_is_kept_and_used(size):
    from isthmus.codec.lossy.statistics import CodeStatistics

    codes = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float32)
    statistics = CodeStatistics(codes, np.full(4, 0.1), np.zeros(4), np.ones(4))
    quality, content = compress_to_size(statistics, size)
    assert len(content) <= size
    if quality < MOST:
        assert all(len(message_at(statistics, finer).to_bytes()) > size for finer in range(quality + 1, MOST + 1))


def test_too_few_bytes_are_said_to_be(make_statistics):
    with pytest.raises(UsageError, match=r"20 bytes are too few: the lowest quality takes \d+"):
        compress_to_size(make_statistics(), 20)
    with pytest.raises(UsageError, match=r"^20 bytes are too few: the lowest quality takes \d{4}"):
        compress_to_size(make_statistics(), 20, around=1000)


@pytest.mark.parametrize("quality", [0, 101])
def test_a_quality_out_of_range_is_an_error(quality):
    with pytest.raises(UsageError, match="from 1 to 100"):
        require_size_or_quality(quality, None)
