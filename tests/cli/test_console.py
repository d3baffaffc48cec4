import io
import json
import sys
import warnings

from isthmus import cli
from isthmus.cli import app
from isthmus.cli.console import print_json, print_table, say

HOSTILE = "\x1b]0;owned\x07\x9b2J\u202egpj"
SHOWN = r"\x1b]0;owned\x07\x9b2J\u202egpj"


def test_a_line_shows_control_characters(capsys):
    say(f"{HOSTILE} [bold]\nnext")
    assert capsys.readouterr().out == f"{SHOWN} [bold]\nnext\n"


def test_a_cell_shows_control_characters_and_is_one_row(capsys):
    print_table(("name", "what"), [(f"{HOSTILE}\nforged", "[bold]")])
    assert capsys.readouterr().out.splitlines()[1:] == [rf"{SHOWN}\nforged  [bold]"]


def test_json_shows_control_characters_and_says_the_same(capsys):
    print_json({"name": HOSTILE, "plain": "grün"})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"name": HOSTILE, "plain": "grün"}
    assert r"\u009b" in shown
    assert "grün" in shown


def test_json_where_the_encoding_has_little(monkeypatch):
    ascii_output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_output)
    print_json({"plain": "grün"})
    ascii_output.flush()
    assert json.loads(ascii_output.buffer.getvalue()) == {"plain": "grün"}


def test_a_warning_shows_control_characters(monkeypatch, capsys):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(app, "app", lambda: warnings.warn(f"glyph {HOSTILE}", UserWarning, stacklevel=1))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        cli.main()
    assert capsys.readouterr().err == f"isthmus: warning: glyph {SHOWN}\n"
