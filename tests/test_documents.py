"""Every command and snippet of the README and the documentation runs, in the order of its page."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS_RUN = "<!-- goes on from the tour -->"


def snippets(page):
    return FENCE.findall(page.read_text(encoding="utf-8"))


def pages_with_snippets():
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if snippets(page)]


@pytest.fixture(scope="session")
def environment():
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "MPLBACKEND": "Agg"}


@pytest.fixture(scope="session")
def tour_run(tmp_path_factory, environment):
    """The run that the tour makes, which the other pages go on from."""
    folder = tmp_path_factory.mktemp("tour")
    first = next(code for kind, code in snippets(ROOT / "docs" / "tour.md") if "isthmus train" in code)
    subprocess.run(["bash", "-euc", first], cwd=folder, env=environment, check=True, capture_output=True)
    return folder / "runs"


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with_snippets())
def test_a_page_runs_from_top_to_bottom(page, tmp_path, environment, request):
    if NEEDS_RUN in page.read_text(encoding="utf-8"):
        shutil.copytree(request.getfixturevalue("tour_run"), tmp_path / "runs")
    python = ""
    for kind, code in snippets(page):
        if kind == "sh" and re.fullmatch(r"(make \w+\s*(#.*)?\n)+", code):
            check_targets(code)
            continue
        if kind == "python":  # the snippets of a page are one program: run all so far, so that each may rest on others
            python += code
            command = [sys.executable, "-c", python]
        else:
            command = ["bash", "-euo", "pipefail", "-c", code]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


def check_targets(code):
    """`make demo` and `make test` are run by the continuous integration itself; here it is enough that they exist."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", code, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_pages_that_a_page_links_to_exist():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+\.(?:md|png|gif|svg))(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
