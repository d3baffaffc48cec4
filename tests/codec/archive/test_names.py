import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.archive.names import from_runs, to_runs
from isthmus.errors import ArchiveError, DataError

NAMES = st.lists(st.text(max_size=12) | st.from_regex(r"[a-c]/0{0,3}[0-9]{1,4}\.png", fullmatch=True), max_size=20)


@given(NAMES)
def test_names_come_back(names):
    runs = json.loads(json.dumps(to_runs(names)))
    assert from_runs(runs, len(names)) == names


def test_numbered_names_are_one_run():
    names = [f"7/{n:05d}.png" for n in range(98, 1203)]
    assert to_runs(names) == [("7/", 5, 98, ".png", 1105)]


def test_names_that_grow_a_digit():
    names = [f"img{n}.png" for n in (8, 9, 10, 11)]
    assert to_runs(names) == [("img", 1, 8, ".png", 4)]
    assert from_runs([list(run) for run in to_runs(names)], 4) == names


@pytest.mark.parametrize(
    "runs",
    [None, {}, [["a", 1, 0, "", 3]], [["a", 1, 0, "", 10**12]], [["a", -1, 0, "", 2]], [["a", 1, "0", "", 2]], [["a"]]],
)
def test_runs_that_cannot_be(runs):
    with pytest.raises(ArchiveError, match="names of 2 images"):
        from_runs(runs, 2)


def test_names_have_so_many_characters_at_most():
    assert from_runs(to_runs(["a" * 4096]), 1) == ["a" * 4096]
    with pytest.raises(DataError, match="at most; one has 4097: 'aaa"):
        to_runs(["a" * 4097])
    names = [f"{i:03d}.png" for i in range(10)]
    runs = json.loads(json.dumps(to_runs(names)))
    assert from_runs(runs, 10, 70) == names
    with pytest.raises(ArchiveError, match="names of 10 images"):
        from_runs(runs, 10, 69)
