import json

import pytest
from PIL import Image


def test_plot_writes_a_picture_and_says_what_it_shows(isthmus, tmp_path, trained):
    run, _ = trained
    done = isthmus("plot", run, "scatter", "--out", "codes.png", "--count", "50", "--ellipses", "--theme", "dark")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "codes.png: the codes of 50 test images of digits\n"
    with Image.open(tmp_path / "codes.png") as picture:
        assert min(picture.size) > 500


def test_negative_ends_of_a_range_are_numbers(isthmus, tmp_path, trained):
    run, _ = trained
    done = isthmus("plot", run, "grid", "--range", "-2", "2", "--step", "0.5", "--out", "grid.svg", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "out": "grid.svg",
        "plot": "grid",
        "shows": "the grid of codes from -2 to 2 in steps of 0.5",
        "note": "",
    }
    assert (tmp_path / "grid.svg").read_text().startswith("<?xml")


def test_fewer_images_than_asked_for_are_said(isthmus, trained):
    run, _ = trained
    done = isthmus("plot", run, "scatter", "--count", "100000", "--out", "codes.webp")
    assert done.returncode == 0, done.stderr
    assert "100,000 images were asked for; there are 250" in done.stdout


def test_the_film(isthmus, tmp_path, trained):
    run, _ = trained
    assert isthmus("plot", run, "training", "--out", "film.gif").returncode == 0
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 21


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("RUN", "portrait", "--out", "a.png"), 2, "manifold"),
        (("RUN", "manifold", "--out", "a.xyz"), 2, ".svg"),
        (("RUN", "manifold", "--count", "3", "--out", "a.png"), 2, "takes no --count; it takes --theme, --n, --label."),
        (("RUN", "grid", "-n", "3", "--out", "a.png"), 2, "takes no --n; it takes --theme, --range, --step, --label."),
        (("RUN", "training", "--range", "0", "1", "--out", "a.gif"), 2, "takes no --range; it takes none."),
        (("RUN", "manifold", "-n", "1", "--out", "a.png"), 2, "2 to 100"),
        (("RUN", "scatter", "--label", "ten", "--out", "a.png"), 2, "there are 0, 1"),
        (("RUN", "scatter", "--data", "nowhere", "--out", "a.png"), 2, "nowhere"),
        (("nowhere", "manifold", "--out", "a.png"), 1, "there is no run at nowhere"),
        (("RUN", "manifold"), 2, "--out"),
    ],
)
def test_a_wrong_plot_says_what_to_do(isthmus, tmp_path, trained, arguments, status, words):
    run, _ = trained
    done = isthmus("plot", *(run if part == "RUN" else part for part in arguments))
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_report_makes_one_page(isthmus, tmp_path, trained):
    run, _ = trained
    done = isthmus("report", run, "--out", "page.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "page.html: open it in a browser\n"
    text = (tmp_path / "page.html").read_text()
    assert text.lstrip().startswith("<!doctype html>")
    assert "conv-vae-fast on digits" in text
    again = isthmus("report", run, "--out", "page.html")
    assert again.returncode == 2
    assert "exists" in again.stderr


@pytest.mark.slow
def test_report_says_its_size_as_json(isthmus, tmp_path, trained):
    run, _ = trained
    done = isthmus("report", run, "--out", "page.html", "--json")
    assert json.loads(done.stdout) == {"out": "page.html", "bytes": (tmp_path / "page.html").stat().st_size}


def test_training_makes_the_report_unless_told_not_to(isthmus, tmp_path, trained):
    run, done = trained
    assert (run / "report.html").exists()
    assert "report.html" in done.stdout
    quick = ("--recipe", "dense-ae", "--epochs", "1", "--out", "quick", "--no-report")
    made = isthmus("train", "digits", *quick)
    assert made.returncode == 0, made.stderr
    assert "report.html" not in made.stdout
    assert not (tmp_path / "quick/report.html").exists()
