import shlex
from pathlib import Path

from typer.testing import CliRunner

from isthmus.cli.app import app
from isthmus.report.next_steps import next_steps


def test_every_command_is_one_that_there_is(tiny_run):
    steps = next_steps(tiny_run)
    commands = [shlex.split(step.text) for step in steps if step.text.startswith("isthmus")]
    assert len(commands) >= 6
    for command in commands:
        shown = CliRunner().invoke(app, [command[1], "--help"], env={"COLUMNS": "300"})
        assert shown.exit_code == 0, command
        for option in (word for word in command if word.startswith("--")):
            assert option in shown.output, (command, option)


def test_the_steps_suit_the_run(tiny_run, tiny_ae_run):
    plane = [step.text for step in next_steps(tiny_run)]
    assert any(" plot " in text and " manifold " in text for text in plane)
    assert any("--label 2" in text for text in plane)
    assert any(text.startswith("isthmus compress") for text in plane)
    other = [step.text for step in next_steps(tiny_ae_run)]
    assert not any(" manifold " in text or text.startswith("isthmus compress") for text in other)


def test_the_python_step_runs(tiny_run, bars):
    (text,) = [step.text for step in next_steps(tiny_run) if step.text.startswith("import")]
    scope = {"images": bars[0][:3]}
    exec(text, scope)
    assert scope["codes"].shape == (3, 2)
    assert scope["new"].shape == (16, 12, 10, 1)


def test_a_path_with_spaces_is_one_word(tiny_run, tiny_restorer, monkeypatch):
    for run in (tiny_run, tiny_restorer):
        monkeypatch.setattr(run, "path", Path("my runs/a b"))
        for step in next_steps(run):
            assert not step.text.startswith("isthmus") or "my runs/a b" in shlex.split(step.text)
