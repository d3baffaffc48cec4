import os
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.files.paths import fitted, safe_path


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
