import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

from isthmus.errors import DataError, RunError, UsageError
from isthmus.runs import folder, load
from isthmus.workflows.plot import KINDS, draw, history, options_of, plot


@pytest.fixture
def bars_file(bars, tmp_path):
    np.savez(tmp_path / "bars.npz", images=bars[0], labels=bars[1])
    return str(tmp_path / "bars.npz")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "jpg", "webp"])
def test_every_format_is_written(tiny_run, tmp_path, suffix):
    plot(tiny_run.path, "manifold", tmp_path / f"deep/plot.{suffix}", {"n": 3})
    content = (tmp_path / f"deep/plot.{suffix}").read_bytes()
    assert content[:4] in (b"\x89PNG", b"<?xm", b"%PDF", b"\xff\xd8\xff\xe0", b"RIFF")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_in_both_themes(tiny_run, bars_file, tmp_path, kind):
    options = {"data": bars_file} if "data" in options_of(kind) else {}
    for theme, lightness in (("light", 255), ("dark", 30)):
        summary, _ = plot(tiny_run.path, kind, tmp_path / f"{theme}.png", {**options, "theme": theme})
        corner = np.asarray(Image.open(tmp_path / f"{theme}.png").convert("RGB"))[0, 0]
        assert abs(int(corner.mean()) - lightness) < 20
        assert summary


def test_the_film_is_made_of_the_frames(tiny_run, tmp_path):
    plot(tiny_run.path, "training", tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 3  # before training, and after each of two epochs
    plot(tiny_run.path, "training", tmp_path / "film.webp")
    assert (tmp_path / "film.webp").exists()


def test_a_run_without_frames_has_no_film(copied_run, tmp_path):
    shutil.rmtree(copied_run / folder.PICTURES)
    with pytest.raises(DataError, match="epoch"):
        plot(copied_run, "training", tmp_path / "film.gif")


def test_a_damaged_frame_is_named(copied_run, tmp_path):
    (copied_run / folder.PICTURES / "epoch-0001.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"epoch-0001\.png"):
        plot(copied_run, "training", tmp_path / "film.gif")


def test_a_training_that_goes_on_can_be_looked_at(copied_run, tmp_path):
    manifest = folder.read_manifest(copied_run)
    going = manifest.model_copy(
        update={"state": "training", "graphs": {}, "files": {folder.RECIPE: manifest.files[folder.RECIPE]}}
    )
    (copied_run / folder.MANIFEST).write_text(going.to_json())
    plot(copied_run, "history", tmp_path / "history.svg")
    plot(copied_run, "training", tmp_path / "film.gif")
    assert (tmp_path / "history.svg").exists()
    assert (tmp_path / "film.gif").exists()
    with pytest.raises(RunError, match="not a finished run"):
        plot(copied_run, "manifold", tmp_path / "manifold.svg")


@pytest.mark.parametrize(
    ("kind", "name", "options", "words"),
    [
        ("manifold", "a.xyz", {}, r"\.png"),
        ("manifold", "a", {}, "no suffix"),
        ("manifold", "a.gif", {}, r"\.svg"),
        ("training", "a.png", {}, r"\.gif"),
        ("portrait", "a.png", {}, "manifold, grid"),
        ("manifold", "a.png", {"count": 3}, "takes no count; it takes theme, axes, n"),
        ("grid", "a.png", {"n": 3, "range": (-3, 3)}, "takes no n, range; it takes theme, axes, span, step"),
        ("training", "a.gif", {"theme": "dark"}, "takes no theme; it takes none"),
        ("grid", "a.png", {"span": (2.0, 1.0)}, "low < high"),
    ],
)
def test_a_wrong_call_writes_nothing(tiny_run, tmp_path, kind, name, options, words):
    with pytest.raises(UsageError, match=words):
        plot(tiny_run.path, kind, tmp_path / name, options)
    assert not list(tmp_path.iterdir())


def test_what_is_no_figure_is_said_where_one_is_drawn(tiny_run):
    with pytest.raises(UsageError, match=r"no plot 'portrait'; there are manifold, .*, history\."):
        draw(tiny_run, "portrait")
    with pytest.raises(UsageError, match=r"`isthmus.notebook.film\(run\)` shows it"):
        draw(tiny_run, "training")


def test_nothing_is_overwritten(tiny_run, tmp_path):
    (tmp_path / "a.png").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        plot(tiny_run.path, "manifold", tmp_path / "a.png", {"n": 2})
    assert (tmp_path / "a.png").read_text() == "mine"


def test_no_such_run(tmp_path):
    for kind, name in (("manifold", "a.png"), ("history", "a.png"), ("training", "a.gif")):
        with pytest.raises(RunError, match="no run"):
            plot(tmp_path / "nowhere", kind, tmp_path / name)


def test_options_that_nobody_set_are_left_out(tiny_run, tmp_path):
    summary, _ = plot(tiny_run.path, "manifold", tmp_path / "a.png", {"n": 2, "data": None, "count": None})
    assert summary == "the manifold of 2x2 codes"


def test_a_figure_can_be_drawn_into_given_axes(tiny_run):
    from matplotlib.figure import Figure

    axes = Figure().subplots(1, 2)
    drawn = draw(tiny_run, "manifold", n=3, axes=axes[1])
    assert drawn.figure is axes[1].figure
    assert axes[1].images
    assert not axes[0].images


@pytest.mark.slow
def test_no_training_framework_is_imported(tiny_run, bars_file, tmp_path):
    program = f"""
        import sys
        from pathlib import Path
        from isthmus.runs import load
        from isthmus.workflows.plot import KINDS, options_of, plot
        from isthmus.workflows.report import write_report
        run = Path({str(tiny_run.path)!r})
        for kind in KINDS:
            options = {{"data": {bars_file!r}}} if "data" in options_of(kind) else {{}}
            plot(run, kind, Path({str(tmp_path)!r}) / f"{{kind}}.png", options)
        write_report(load(run), {bars_file!r}, Path({str(tmp_path)!r}) / "report.html")
        found = {{"keras", "tensorflow", "jax", "torch"}} & set(sys.modules)
        sys.exit(f"imported {{found}}" if found else 0)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_history_is_in_nats_and_marks_the_best_epoch(tiny_run, copied_run):
    drawn = history(tiny_run)
    assert [axes.get_title(loc="left") for axes in drawn.figure.axes] == ["loss", "distortion", "rate"]
    assert drawn.figure.axes[0].get_ylabel() == "nats per image"
    best = f"best: epoch {tiny_run.manifest.training.best_epoch}"
    assert best in [text.get_text() for text in drawn.figure.axes[0].get_legend().get_texts()]
    run = load(copied_run)
    (copied_run / folder.HISTORY).unlink()
    with pytest.raises(RunError):
        history(run)


def test_a_plot_says_the_false_colour_of_its_images(bands_run, bands, tmp_path):
    rule = "channels 1, 2, 3 of 5 shown as red, green, blue"
    assert plot(bands_run.path, "traversal", tmp_path / "a.svg", {"data": bands})[1] == rule
    assert rule in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert plot(bands_run.path, "history", tmp_path / "b.svg")[1] == ""
