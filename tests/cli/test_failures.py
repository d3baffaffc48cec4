"""What goes wrong in a way that nothing foresaw, and output that cannot be written."""

import json
import os
import subprocess
import sys

import pytest

from isthmus import cli
from isthmus.cli import app


@pytest.fixture
def fail(monkeypatch, capsys, tmp_path):
    """Run the command line where every command raises an error; what is printed, and the exit status."""
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ISTHMUS_TRACEBACK", raising=False)

    def run(error):
        def fail():
            raise error

        monkeypatch.setattr(app, "app", fail)
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return capsys.readouterr(), stopped.value.code

    return run


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("division\nby zero"),
        MemoryError(),
        RecursionError("too deep"),
        AssertionError(),
        OSError(36, "x"),
    ],
)
def test_any_error_is_one_line_and_a_log(fail, tmp_path, error):
    shown, status = fail(error)
    assert status == 1
    assert shown.out == ""
    log = tmp_path / "cache" / "error.log"
    assert len(shown.err.splitlines()) == 1
    assert f"isthmus: unexpected error, {type(error).__name__}" in shown.err
    assert str(log) in shown.err
    assert "Traceback (most recent call last)" in log.read_text()
    assert type(error).__name__ in log.read_text()


def test_a_variable_shows_the_traceback(fail, tmp_path, monkeypatch):
    monkeypatch.setenv("ISTHMUS_TRACEBACK", "1")
    shown, status = fail(ValueError("broken"))
    assert status == 1
    assert shown.err.startswith("Traceback (most recent call last)")
    assert not (tmp_path / "cache").exists()


def test_where_no_log_can_be_written_the_traceback_is_printed(fail, tmp_path):
    (tmp_path / "cache").write_text("a file stands in its place")
    shown, _ = fail(ValueError("broken"))
    assert shown.err.startswith("Traceback (most recent call last)")
    assert "isthmus: unexpected error, ValueError: broken. Please report it with the traceback above" in shown.err


def test_an_error_message_controls_no_terminal(fail):
    shown, _ = fail(ValueError("\x1b]0;owned\x07 \u202e"))
    assert r"\x1b]0;owned\x07 \u202e" in shown.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [["recipes"], ["recipes", "--json"], ["--help"]])
def test_output_that_cannot_be_written(arguments):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "isthmus", *arguments], stdout=full, stderr=-1, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("isthmus: the output cannot be written")
    assert len(done.stderr.splitlines()) == 1


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def test_an_ascii_only_locale_shows_everything_written_out(isthmus_process, tmp_path):
    (tmp_path / "grün\x1b[31m").mkdir()
    assert isthmus_process("--help", **ASCII).returncode == 0
    done = isthmus_process("inspect", "grün\x1b[31m", **ASCII)
    assert done.returncode == 0, done.stderr
    assert r"\x1b[31m" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert json.loads(isthmus_process("recipes", "--json", **ASCII).stdout)


@pytest.mark.parametrize(
    ("stop", "line"),
    [
        (KeyboardInterrupt(), "isthmus: stopped.\n"),
        (KeyboardInterrupt("stopped: two parts are stored."), "isthmus: stopped: two parts are stored.\n"),
    ],
)
def test_ctrl_c_within_a_command_is_one_line(monkeypatch, capsys, stop, line):
    def interrupt(*_, **__):
        raise stop

    monkeypatch.setattr(sys, "argv", ["isthmus", "recipes"])
    monkeypatch.setattr("isthmus.cli.catalogue.print_table", interrupt)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == line
