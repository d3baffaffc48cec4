import base64
import json
import re
from html.parser import HTMLParser

import isthmus


class Balance(HTMLParser):
    """The tags that are open; empty where a piece of a page is whole."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open += [] if tag == "img" else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def card_of(run):
    html = run._repr_html_()
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    return html


def test_says_what_a_run_is_and_shows_its_last_frame(tiny_run):
    html = card_of(tiny_run)
    for text in (
        "tiny",
        "10x12x1",
        "2 dimensions, gaussian",
        "in 3 classes",
        "complete; 2 epochs",
        "ELBO",
        "−",
        "nats per",
    ):
        assert text in html
    last = sorted((tiny_run.path / "pictures").glob("epoch-*.png"))[-1]
    assert base64.b64decode(re.search("base64,([^']+)'", html)[1]) == last.read_bytes()


def test_the_loss_of_a_run_without_a_likelihood_is_called_one(tiny_ae_run):
    assert "ELBO" not in card_of(tiny_ae_run)


def test_what_is_not_there_is_left_out(copied_run):
    for path in (copied_run / "pictures").glob("*.png"):
        path.unlink()
    (copied_run / "metrics.json").write_text("{")
    html = card_of(isthmus.load(copied_run))
    assert "ELBO" not in html
    assert "<img" not in html


def test_names_are_text_and_no_markup(copied_run):
    manifest = json.loads((copied_run / "manifest.json").read_text())
    manifest["data"]["name"] = "<script>alert(1)</script>"
    (copied_run / "manifest.json").write_text(json.dumps(manifest))
    html = card_of(isthmus.load(copied_run))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
