import io
import sys

import pytest

from isthmus import progress
from isthmus.progress import progress_bar


@pytest.fixture
def clock(monkeypatch):
    """Time that stands still until it is told to go on."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_log_gets_a_line_now_and_then(clock, capsys):
    with progress_bar("training", 100) as bar:
        for done in range(1, 101):
            clock.now += 0.5
            bar.update(done, f"loss {done}")
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "training: 20/100, about 40 s left, loss 20"
    assert lines[-1] == "training: 100/100, 50 s, loss 100"
    assert len(lines) == 5


def test_what_has_not_come_far_has_no_end_in_sight(clock, capsys):
    with progress_bar("restoring", 2) as bar:
        for tiles in (1, 2):
            clock.now += 10
            bar.update(0, f"{tiles} of 9 tiles")
    assert capsys.readouterr().err.splitlines() == [
        "restoring: 0/2, 10 s so far, 1 of 9 tiles",
        "restoring: 0/2, 20 s so far, 2 of 9 tiles",
    ]


def test_quick_work_gets_one_line(clock, capsys):
    with progress_bar("encoding", 3) as bar:
        for done in (1, 2, 3):
            bar.update(done)
    assert capsys.readouterr().err == "encoding: 3/3, 0 s\n"


def test_a_terminal_gets_a_bar(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress_bar("training", 8) as bar:
        bar.update(4, "loss 12.5")
        bar.update(8, "loss 11.0")
    shown = terminal.getvalue()
    assert "training" in shown
    assert "8/8" in shown
    assert "loss 11.0" in shown
    assert capsys.readouterr().out == ""
