import json
import os
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.archive.names import fitted, from_runs, safe_path, to_runs
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


@pytest.mark.parametrize(
    "name",
    ["cats/1.png", "cats\\1.png", "2024-05-01 12:30:00.png", "é" * 122 + ".png", "...", "a. ", "con", "\udce9.png"],
)
def test_a_name_that_is_taken_here_stays_as_it_is(name):
    assert str(safe_path(name, windows=False)) == name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../x", "__/x"),
        ("a/../../x", "a/__/__/x"),
        ("/etc/passwd", "etc/passwd"),
        ("a//./b", "a/b"),
        ("", "unnamed"),
        (".", "unnamed"),
        ("/", "unnamed"),
        ("a\0b\x1b[2J", "a_b_[2J"),
        ("x\ud800.png", "x_.png"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("é" * 200, "é" * 127),
        ("x." + "y" * 300, "x." + "y" * 253),
        ("a/" * 99 + "b", "a/" * 99 + "b"),
        ("a/" * 2000 + "b", "a/" * 99 + "b"),
    ],
)
def test_a_path_stays_in_its_folder(name, path):
    assert str(safe_path(name, windows=False)) == path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("C:x", "C_x"),
        ("\\\\host\\x", "__host_x"),
        ("..\\x", ".._x"),
        ("a:b/..", "a_b/__"),
        ("nul.png", "___.png"),
        ("console.png", "console.png"),
        ("dots. .", "dots___"),
        ("\udce9", "_"),
    ],
)
def test_windows_takes_fewer_names(name, path):
    assert str(safe_path(name, windows=True)) == path


@given(st.text(max_size=40) | st.text("./\\:ab\0", max_size=12), st.booleans())
def test_no_name_leaves_the_folder(name, windows):
    path = safe_path(name, windows)
    assert not path.is_absolute()
    assert path.parts
    assert not {"..", ".", ""} & set(path.parts)
    assert "\0" not in str(path)
    os.fsencode(str(path))
    if windows:
        assert not PureWindowsPath(str(path)).drive
        assert PureWindowsPath(str(path)).parts == path.parts


def test_names_are_cut_to_what_file_systems_take():
    assert fitted("a.png", "-2") == "a-2.png"
    assert fitted("é" * 130 + ".png", "-12") == "é" * 124 + "-12.png"
    assert len(fitted("x" * 600, "-2")) == 255
