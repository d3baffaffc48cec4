import subprocess
import sys

import pytest

HEAVY = "numpy scipy sklearn matplotlib onnxruntime pydantic keras tensorflow jax torch"


def test_help_lists_every_command_with_a_sentence(isthmus):
    shown = isthmus("--help").stdout
    for command in ("train", "encode", "decode", "reconstruct", "sample", "recipes", "datasets", "info"):
        line = next(line for line in shown.splitlines() if line.split()[:1] == [command])
        assert len(line.split()) > 2


@pytest.mark.parametrize("command", ["train", "encode", "decode", "reconstruct", "sample"])
def test_the_help_of_a_command_shows_an_example(isthmus, command):
    shown = isthmus(command, "--help").stdout
    assert "Example" in shown
    assert f"isthmus {command} " in shown.partition("Example")[2]


def test_help_imports_nothing_heavy():
    code = f"import sys, isthmus.cli.app; print([name for name in {HEAVY!r}.split() if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_exit_status_is_that_of_the_process(isthmus_process):
    assert isthmus_process().returncode == 2
    done = isthmus_process("list", "missing.isth")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("isthmus: ")
    assert isthmus_process("recipes").returncode == 0


def test_output_that_nobody_reads_on_is_no_error(tmp_path):
    pipe = f"{sys.executable} -m isthmus recipes --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", pipe], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_version(isthmus):
    from importlib.metadata import version

    assert isthmus("--version").stdout == f"isthmus {version('isthmus')}\n"
