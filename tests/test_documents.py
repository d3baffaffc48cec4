"""Every command and snippet of the README and the documentation runs, in the order of its page.

They run in this process, on few images, or each would import a framework. `make test` trains the run of the tour alone,
and checks the options of all other commands; `make test-all` runs every page, and README and tour as their readers do.
"""

import gc
import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import pytest
import typer
from few_images import TOUR, few_images

from isthmus.cli import main
from isthmus.cli.app import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted([README, *(ROOT / "docs").rglob("*.md")])
TOUR_PAGE = ROOT / "docs" / "tour.md"
FENCE = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS_RUN = "<!-- continues from the tour -->"
TARGETS = re.compile(r"(make \w+\s*(#.*)?\n)+")
COMMAND = re.compile(r"isthmus (?P<arguments>[^|&;<>]*)(?:> (?P<output>\S+))?")


def snippets(page):
    return FENCE.findall(page.read_text(encoding="utf-8"))


def training_of_the_tour():
    return next(code for _, code in snippets(TOUR_PAGE) if "isthmus train" in code)


def trains(page):
    """Whether a page trains a network, beside the run of the tour."""
    codes = [code for _, code in snippets(page) if code != training_of_the_tour()]
    return any(re.search(r"isthmus train |isthmus\.train\(", code) for code in codes)


def pages_with_snippets(*pages, marks=lambda page: ()):
    return [pytest.param(page, id=str(page.relative_to(ROOT)), marks=marks(page)) for page in pages if snippets(page)]


@pytest.fixture(scope="session")
def tour_run(digits_run):
    """The folder of the run that the tour makes, from which other pages start."""
    run, _ = digits_run
    assert commands(training_of_the_tour()) == [(TOUR, None)]
    return run.parent


def commands(code):
    """The arguments of each command of a snippet, and the file that its output goes to; None if it needs a shell."""
    found = [COMMAND.fullmatch(line) for line in code.replace("\\\n", " ").splitlines()]
    if not all(found):
        return None
    return [(shlex.split(line["arguments"]), line["output"]) for line in found]


def run_command(arguments):
    """Run `isthmus` in this process."""
    with pytest.MonkeyPatch.context() as patched, warnings.catch_warnings():
        patched.setattr(sys, "argv", ["isthmus", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code, arguments


def run_shell(code, folder):
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MPLBACKEND": "Agg",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def freed(page):
    """Give back what trainings hold in this process: one page after the other would fill gigabytes."""
    yield
    if trains(page):
        keras.utils.clear_session()
        gc.collect()


@pytest.mark.parametrize("page", pages_with_snippets(*PAGES))
def test_the_options_of_every_command_exist(page):
    group = typer.main.get_command(app)
    for _, code in snippets(page):
        for arguments, _ in commands(code) or ():
            group.commands[arguments[0]].make_context(arguments[0], arguments[1:])


@pytest.mark.slow
@pytest.mark.usefixtures("freed")
@pytest.mark.parametrize(
    "page", pages_with_snippets(*PAGES, marks=lambda page: [pytest.mark.thorough] if trains(page) else [])
)
def test_a_page_runs_from_top_to_bottom(page, tmp_path, tour_run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if NEEDS_RUN in page.read_text(encoding="utf-8"):
        shutil.copytree(tour_run, tmp_path / "runs")
    program = {"__name__": "__main__"}
    with few_images():
        for kind, code in snippets(page):
            if kind == "python":  # the snippets of a page are one program
                exec(compile(code, str(page), "exec"), program)
                plt.close("all")
            elif TARGETS.fullmatch(code):
                check_targets(code)
            elif code == training_of_the_tour():
                shutil.copytree(tour_run, tmp_path / "runs")
            elif (found := commands(code)) is None:
                run_shell(code, tmp_path)
            else:
                for arguments, output in found:
                    if arguments[0] == "train" and page not in (README, TOUR_PAGE):  # the report of these two is enough
                        arguments.append("--no-report")
                    with Path(output or os.devnull).open("w") as file, redirect_stdout(file):
                        run_command(arguments)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("page", pages_with_snippets(README, TOUR_PAGE))
def test_a_page_runs_as_its_reader_runs_it(page, tmp_path):
    program = ""
    for kind, code in snippets(page):
        if kind == "python":
            program += code
            run_shell(f"python -c {shlex.quote(program)}", tmp_path)
        elif not TARGETS.fullmatch(code):
            run_shell(code, tmp_path)


def check_targets(code):
    """`make demo` and `make test` are run by the continuous integration itself; here it is enough that they exist."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", code, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_pages_that_a_page_links_to_exist():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+\.(?:md|png|gif|svg))(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
