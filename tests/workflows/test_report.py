import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

import isthmus
from isthmus.data import ArraySource, ImageSet, content_order, select
from isthmus.errors import DataError, RunError, UsageError
from isthmus.runs import folder, load
from isthmus.scores import score
from isthmus.workflows import report
from isthmus.workflows.datasets import open_held_out

WICKED = "<script>alert(1)</script>"


class Read(HTMLParser):
    """A page's elements, and its words in the order that they stand."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self._words, self._open = [], [], []
        self.feed(html)
        self.words = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self._open):
            self._words.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(tiny_run, bars, tmp_path_factory):
    """The report of a VAE with a code of two numbers."""
    return report.write_report(tiny_run, bars, tmp_path_factory.mktemp("report") / "page.html")


def _read(path):
    return Read(path.read_text(encoding="utf-8"))


def test_training_leaves_a_report(bars, tiny_recipe, tmp_path):
    run = isthmus.train(bars, tiny_recipe, tmp_path / "run")
    assert folder.REPORT not in run.manifest.files  # it may be made anew
    read = _read(run.path / folder.REPORT)
    assert "tiny on images" in read.words
    assert [attributes.get("id") for attributes in read.of("section") if "aria-labelledby" in attributes] == [
        "metrics", "training", "examples", "samples", "latent-space", "next", "provenance",
    ]  # fmt: skip


def test_the_metrics_are_those_of_the_scores(tiny_run, bars):
    page = report.page_of(tiny_run, bars)
    images = open_held_out(tiny_run, bars, training_too=True).images
    images = select(images, content_order(images, tiny_run.recipe.training.seed))
    scores = score(tiny_run, images, tiny_run.recipe.training.seed)
    found = {metric.name: metric for metric in page.metrics}
    assert found["ELBO"].value == f"{scores.elbo.mean():,.2f}".replace("-", "−")
    assert found["Rate"].value == f"{scores.rate.mean():,.2f}"
    assert found["Squared error"].value == f"{scores.squared_error.mean():.4f}"
    error = scores.distortion.std(ddof=1) / len(images) ** 0.5
    assert found["Distortion"].error == f"{error:.2f}"
    assert str(len(images)) in page.metrics_note


def test_what_was_trained_where_and_how_long_is_told(tiny_run, bars):
    page = report.page_of(tiny_run, bars)
    data, training = tiny_run.manifest.data, tiny_run.manifest.training
    for words in (
        "convolutional variational autoencoder",
        "120 values",
        "2 latent dimensions",
        "10×12",
        f"{data.train_images}",
    ):
        assert words in page.story
    facts = dict(page.facts)
    assert facts["Machine"] == training.machine
    assert facts["Epochs"] == f"2 of 2, best {training.best_epoch}"
    assert (page.title, page.state) == ("tiny on images", "complete")


def test_nothing_is_asked_of_any_host(page):
    read = _read(page)
    for tag, attributes in read.elements:
        for name, value in attributes.items():
            if name in ("src", "srcset", "href", "xlink:href", "data", "poster"):
                assert value.startswith(("data:", "#")), (tag, name, value[:80])
            if "url(" in (value or ""):
                assert "url(#" in value
    assert len(read.of("script")) == 1
    assert page.stat().st_size < 3_000_000


def test_every_image_says_what_it_shows_and_no_id_comes_twice(page):
    read = _read(page)
    assert all(attributes.get("alt") for attributes in read.of("img"))
    drawn = [attributes for attributes in read.of("svg") if "role" in attributes]
    assert len(drawn) >= 7
    assert all(attributes["aria-label"] for attributes in drawn)
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_same_run_gives_the_same_page(tiny_run, bars, tmp_path, page):
    other = report.write_report(tiny_run, bars, tmp_path / "other.html")
    assert page.read_bytes() == other.read_bytes()


def test_a_plain_autoencoder_has_a_report_too(tiny_ae_run, bars, tmp_path):
    read = _read(report.write_report(tiny_ae_run, bars, tmp_path / "page.html"))
    assert "no likelihood" in read.words
    assert "ELBO" not in read.words
    assert "t-SNE" in read.words


@pytest.mark.slow
def test_names_from_the_data_stay_text(bars, tiny_recipe, tmp_path):
    place = tmp_path / WICKED.replace("/", "∕")
    for label in range(3):
        (place / f"{WICKED.replace('/', '∕')}{label}").mkdir(parents=True)
    from PIL import Image

    for number, (image, label) in enumerate(zip(*bars, strict=True)):
        name = place / f"{WICKED.replace('/', '∕')}{label}" / f"{number}<img src=x onerror=alert(1)>.png"
        Image.fromarray(image[..., 0]).save(name)
    run = isthmus.train(place, tiny_recipe, tmp_path / "run")
    read = _read(run.path / folder.REPORT)
    assert len(read.of("script")) == 1
    assert not [attributes for attributes in read.of("img") if "onerror" in attributes]
    assert "<script>alert(1)" in read.words
    assert "<img src=x" in read.words


def test_names_that_look_like_mathematics_are_text(bars, tiny_recipe, tmp_path):
    names = ("$x$", r"$\frac$", "100%_$")
    source = isthmus.open_images(bars).train

    named = ImageSet("odd", ArraySource(source.read(np.arange(120)), source.labels, names))
    run = isthmus.train(named, tiny_recipe, tmp_path / "run")
    read = _read(run.path / folder.REPORT)
    for name in names:
        assert name in read.words


def test_images_that_moved_away_are_missed_and_the_rest_is_there(tiny_run, tmp_path):
    path = report.write_report(tiny_run, out=tmp_path / "page.html")
    read = _read(path)
    assert "--data DATA" in read.words
    assert "examples" not in [attributes.get("id") for attributes in read.of("section")]
    assert {"metrics", "training", "samples", "latent-space"} <= {
        attributes.get("id") for attributes in read.of("section")
    }


def test_images_that_were_named_must_be_there(tiny_run, tmp_path):
    with pytest.raises(DataError):
        report.write_report(tiny_run, np.zeros((4, 5, 5), np.uint8), tmp_path / "page.html")
    with pytest.raises(UsageError):
        report.write_report(tiny_run, "no-such-place", tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_where_the_page_goes(copied_run, tmp_path):
    run = load(copied_run)
    (copied_run / folder.REPORT).write_text("old")
    assert report.write_report(run) == copied_run / folder.REPORT
    assert (copied_run / folder.REPORT).read_text() != "old"
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        report.write_report(run, out=tmp_path / "mine.html")
    with pytest.raises(UsageError, match="html"):
        report.write_report(run, out=tmp_path / "page.pdf")


@pytest.mark.parametrize("state", ["interrupted", "failed"])
def test_a_training_that_did_not_end_well_is_told_so(copied_run, state):
    manifest = folder.read_manifest(copied_run)
    training = manifest.training.model_copy(update={"message": "it went wrong in epoch 2"})
    changed = manifest.model_copy(update={"state": state, "training": training})
    (copied_run / folder.MANIFEST).write_text(changed.to_json())
    page = report.page_of(load(copied_run))
    assert page.state == state
    (finding,) = [finding for finding in page.findings if finding.key == state]
    assert "It went wrong in epoch 2." in finding.evidence


def test_a_run_without_history_or_frames_still_has_a_page(copied_run):
    shutil.rmtree(copied_run / folder.PICTURES)
    manifest = folder.read_manifest(copied_run)
    files = {name: entry for name, entry in manifest.files.items() if name not in (folder.HISTORY, folder.METRICS)}
    (copied_run / folder.MANIFEST).write_text(manifest.model_copy(update={"files": files}).to_json())
    page = report.page_of(load(copied_run))
    assert (page.film, page.curves, page.metrics) == (None, [], [])
    assert "nothing to measure on" in page.metrics_note


def test_truncated_metrics_are_an_error(copied_run):
    (copied_run / folder.METRICS).write_text("{")
    with pytest.raises(RunError, match=r"metrics\.json"):
        report.page_of(load(copied_run))


def test_a_report_that_fails_does_not_lose_the_run(bars, tiny_recipe, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(report, "write_report", fail)
    run = isthmus.train(bars, tiny_recipe, tmp_path / "run")
    assert run.manifest.state == "complete"
    assert not (run.path / folder.REPORT).exists()
    said = capsys.readouterr().err
    assert "of all things" in said
    assert f"isthmus report {run.path}" in said


def test_a_report_can_be_left_out(bars, tiny_recipe, tmp_path):
    run = isthmus.train(bars, tiny_recipe, tmp_path / "run", report=False)
    assert not (run.path / folder.REPORT).exists()


def test_an_evaluation_is_shown_where_there_is_one(copied_run):
    from isthmus.evaluation.result import Evaluation
    from isthmus.evaluation.store import store_evaluation
    from isthmus.evaluation.table import Row, Section

    section = Section("s", "Likelihood", (Row("k", "IWAE bound", -90.0, 0.5, "nats", "A tighter bound."),))
    evaluation = Evaluation("run", "tiny", "bars", "test", 9, (section,), None, "", {"files": {}})
    store_evaluation(load(copied_run), evaluation)
    read = _read(report.write_report(load(copied_run)))
    assert "IWAE bound" in read.words
    assert "−90" in read.words or "-90" in read.words
    assert "evaluation" in [attributes.get("id") for attributes in read.of("section")]
