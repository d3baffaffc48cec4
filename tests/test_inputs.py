import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inputs import parse_json, read_regular

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_reads_a_regular_file(tmp_path, size):
    (tmp_path / "file").write_bytes(b"x" * size)
    assert read_regular(tmp_path / "file", 5) == b"x" * size


def test_refuses_a_file_that_is_larger_than_expected(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 6)
    with pytest.raises(OSError, match="5 bytes expected at most, 6 found"):
        read_regular(tmp_path / "file", 5)


def test_refuses_a_symbolic_link(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "file").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic link"):
        read_regular(tmp_path / "file", 5)


def test_refuses_a_pipe_without_waiting_for_its_other_end(tmp_path):
    os.mkfifo(tmp_path / "file")
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(tmp_path / "file", 5)


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/null", "/"])
def test_refuses_devices_and_folders(place, tmp_path):
    with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
        read_regular(tmp_path / place, 5)


@given(VALUES)
def test_parses_json(value):
    assert parse_json(json.dumps(value)) == value


def test_names_an_integer_that_is_too_long():
    with pytest.raises(ValueError, match=r"^it holds an integer of thousands of digits$"):
        parse_json("9" * 5000)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a":' * 100_000, "9" * 5000, b"\xff\xfe\xfd"])
def test_what_cannot_be_parsed_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)
