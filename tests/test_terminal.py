import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.terminal import printable, printable_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\tand\nsimple", "plain\tand\nsimple"),
        ("Grüße, 画像, 👩‍👧", "Grüße, 画像, 👩‍👧"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("hidden\rline", r"hidden\rline"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\udcff.png", r"\udcff.png"),
    ],
)
def test_controls_are_written_out(text, shown):
    assert printable(text) == shown


@given(st.text())
def test_nothing_that_controls_a_terminal_is_left(text):
    left = {unicodedata.category(letter) for letter in printable(text) if letter not in "\n\t"}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    bidirectional = {unicodedata.bidirectional(letter) for letter in printable(text)}
    assert not bidirectional & {"LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.dictionaries(st.text(), st.text()))
def test_json_says_the_same(value):
    assert json.loads(printable_json(json.dumps(value, ensure_ascii=False))) == value
