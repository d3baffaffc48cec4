import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from isthmus.evaluation.diagnosis import Finding, Verdict
from isthmus.plots import THEMES
from isthmus.report.key_metrics import KeyMetric
from isthmus.report.page import (
    BaselineTable,
    Command,
    EvaluationResults,
    Example,
    ExampleSection,
    FilmSection,
    Frame,
    Group,
    ModelRow,
    Page,
    Panel,
    QualitySection,
    RoundTrip,
    TextTable,
)
from isthmus.report.template import render

WICKED = '<script>alert("x")</script>'
PIXEL = "data:image/png;base64,iVBORw0KGgo="
IMG = Markup(f'<img src="{PIXEL}" alt="an image" width="9" height="9">')
SVG = Markup('<svg role="img" aria-label="a figure" viewBox="0 0 9 9"><path d="M0 0"/></svg>')
VOID = {"img", "meta", "link", "input", "br", "hr", "source"}


class Read(HTMLParser):
    """A page, read strictly: every element is closed in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts = [], [], []
        self.feed(html)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"{tag} says {names}"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text_of(self, tag):
        return "".join(text for where, text in self.texts if where == tag)

    @property
    def words(self):
        return " ".join(text for where, text in self.texts if where not in ("script", "style"))


def _page(text="words", **changes):
    panel = Panel(SVG, 300, text, text)
    groups = [Group(text, text, [Example([IMG, IMG, IMG], text, [text])])]
    tables = [TextTable(text, (text, text, text), [(text, text, text)], note=text)]
    parts = {
        "title": text,
        "state": "complete",
        "story": text,
        "facts": [(text, text)],
        "verdict": Verdict("bad", text),
        "baselines": BaselineTable([ModelRow(text, "9 dB", "0.1", [IMG, IMG])], text),
        "recommended": Command(text, text),
        "round_trip": RoundTrip(IMG, IMG, 784, ["0.1", "−0.2"], [], 2),
        "metrics": [KeyMetric(text, "1.0", "0.1", text, text)],
        "metrics_note": text,
        "findings": [Finding("key", "fault", text, text, text)],
        "quality": QualitySection(text, tables[0], [Example([IMG, IMG], text, [text, text])]),
        "curves": [panel],
        "film": FilmSection(text, [Frame(PIXEL, text, True), Frame(PIXEL, "epoch 1", False)], (40, 30), text),
        "examples": ExampleSection("Reconstructions", text, groups),
        "missing": "",
        "samples": [panel],
        "latent_space": [panel],
        "evaluation": EvaluationResults(tables, (), text),
        "commands": [Command(text, text)],
        "provenance": [TextTable(text, (), [(text, text)]), TextTable(text, (text, text), [(text, text)])],
        "recipe": TextTable("", (text, text, text), [(text, text, text)], frozenset({0})),
        "version": text,
    }
    return Page(**{**parts, **changes})


def test_the_page_is_whole_and_in_order():
    read = Read(render(_page()))
    assert read.of("html")[0]["lang"] == "en"
    assert len(read.of("h1")) == len(read.of("main")) == len(read.of("header")) == len(read.of("footer")) == 1
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = [attributes["href"] for attributes in read.of("a")]
    assert inner
    assert all(href.startswith("#") and href[1:] in ids for href in inner)
    for section in read.of("section"):
        assert section.get("class") or section["aria-labelledby"] in ids
    assert all(attributes.get("alt") is not None for attributes in read.of("img"))


def test_nothing_is_asked_of_any_host():
    html = render(_page())
    read = Read(html)
    for tag, attributes in read.elements:
        for name, value in attributes.items():
            if name in ("src", "srcset", "href", "xlink:href", "poster", "data", "action", "background"):
                assert value.startswith(("data:", "#")), (tag, name, value)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in read.elements}
    styles = read.text_of("style")
    assert "@import" not in styles
    assert "url(" not in styles
    assert "://" not in styles + read.text_of("script")
    (policy,) = [a["content"] for a in read.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy


def test_the_policy_lets_our_script_run_and_no_other():
    html = render(_page())
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.replace("&#39;", "'")
    assert html.count("<script") == 1


def test_whatever_is_text_stays_text():
    html = render(_page(WICKED))
    read = Read(html)
    assert len(read.of("script")) == 1
    assert "alert" not in read.text_of("script")
    clean = Read(render(_page()))
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in clean.elements]
    assert read.words.count(WICKED) == clean.words.count("words")


def test_both_themes_and_print_are_styled():
    styles = Read(render(_page())).text_of("style")
    light, dark = THEMES["light"], THEMES["dark"]
    assert f"--fig-{light.ink[1:]}: {light.ink};" in styles
    assert styles.count(f"--fig-{light.ink[1:]}: {dark.ink};") == 2  # by the system's wish, and by the reader's
    assert "prefers-color-scheme: dark" in styles
    assert "@media print" in styles


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"film": None, "curves": []}, "training"),
        ({"examples": None}, "examples"),
        ({"latent_space": []}, "latent-space"),
        ({"evaluation": None}, "evaluation"),
    ],
)
def test_a_part_that_is_not_there_leaves_no_trace(changes, gone):
    read = Read(render(_page(**changes)))
    assert gone not in [attributes.get("id") for attributes in read.of("section")]
    assert f"#{gone}" not in [attributes["href"] for attributes in read.of("a")]


def test_why_images_are_missing_is_said():
    read = Read(render(_page(round_trip=None, examples=None, missing="They moved away.")))
    assert "They moved away." in read.words


def test_commands_can_be_copied():
    read = Read(render(_page(commands=[Command("Do it", "isthmus sample 'a b' --out x.png")])))
    assert "isthmus sample 'a b' --out x.png" in [text for where, text in read.texts if where == "code"]
    assert "copy" in [attributes.get("class") for attributes in read.of("button")]


def test_the_verdict_stands_before_all_else_and_its_command_can_be_copied():
    verdict, command = Verdict("unknown", "Nothing to compare."), Command("Look", "isthmus report a")
    read = Read(render(_page(verdict=verdict, baselines=None, recommended=command)))
    words = read.words
    assert words.index("Nothing to compare.") < words.index("784 values")
    assert "verdict unknown" in [attributes.get("class") for attributes in read.of("section")]
    assert "isthmus report a" in [text for where, text in read.texts if where == "code"]
