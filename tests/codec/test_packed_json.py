import json
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.packed_json import from_json, parse_limited, to_json, whole
from isthmus.errors import ArchiveError, DataError

LIMITS = {"most_bytes": 1 << 20, "most_values": 100}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a,[{"\\ü\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(alphabet=',"[\\a', max_size=4), inner, max_size=4)
    ),
)


def count_of(value):
    """Values and keys in what JSON gave."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(count_of, value.values()))
    return 1 + sum(map(count_of, value)) if isinstance(value, list) else 1


def test_an_object_comes_back():
    assert from_json(to_json({"a": [1, "ü"]}, "x", most_bytes=99), "x", **LIMITS) == {"a": [1, "ü"]}
    assert from_json(to_json({"a": 1}, "x", most_bytes=99) + b"what follows", "x", **LIMITS) == {"a": 1}
    with pytest.raises(DataError, match="x would have 7 bytes; expected fewer than 7"):
        to_json({"a": 1}, "x", most_bytes=7)


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"{",
        b"",
        b'{"a": Infinity}',
        b'{"a": NaN}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a": "' + b"x" * (1 << 20) + b'"}',
    ],
)
def test_what_is_no_such_object_is_refused(text):
    with pytest.raises(ArchiveError, match="the thing is damaged"):
        from_json(zlib.compress(text), "the thing", **LIMITS)


def test_compressed_bytes_that_are_truncated_are_refused():
    content = to_json({"a": 1}, "x", most_bytes=99)
    for cut in (content[:-6], content[:-1], b"", b"x"):
        with pytest.raises(ArchiveError, match="x is damaged"):
            from_json(cut, "x", **LIMITS)


@given(JSON, st.integers(0, 20))
def test_values_are_counted_and_not_what_stands_in_strings(value, most):
    """A refusal means more values than allowed, and no text of many more values is parsed."""
    text = json.dumps(value, ensure_ascii=False).encode()
    try:
        assert parse_limited(text, "x", most) == value
        assert count_of(value) <= 2 * most + 2
    except ArchiveError as error:
        assert "values" in str(error)  # noqa: PT017
        assert count_of(value) > most


@pytest.mark.parametrize("part", [b"[],", b"{},", b'{"":0},', b'"",', b"1.5,", b'"\\\\","\\"",'])
def test_a_small_text_fills_no_memory(part):
    """Four million values come in a few kilobytes, and would take hundreds of megabytes."""
    content = zlib.compress(b'{"a":[' + part * (1 << 22) + b"0]}", 1)
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="more than 1,000 values"):
            from_json(content, "x", most_bytes=1 << 27, most_values=1000)
        assert tracemalloc.get_traced_memory()[1] < 128 << 20
    finally:
        tracemalloc.stop()


def test_many_commas_in_names_are_no_values():
    names = {"names": [",[{" * 100] * 90}
    assert from_json(to_json(names, "x", most_bytes=1 << 20), "x", **LIMITS) == names


@pytest.mark.parametrize("value", [-1, 1.0, True, "1", None, 1 << 48, [1]])
def test_whole_numbers(value):
    with pytest.raises(ValueError, match="expected a whole number from 0 to below"):
        whole(value)
    assert whole(5, 6) == 5
