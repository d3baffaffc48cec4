import base64
import io
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from isthmus import plots
from isthmus.errors import UsageError
from isthmus.plots import THEMES
from isthmus.report.elements import (
    LARGE_BYTES,
    colour_variables,
    data_uri,
    inline_figure,
    inline_image,
)

RNG = np.random.default_rng(0)


class _Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def _decoded(uri):
    kind, _, content = uri.removeprefix("data:").partition(";base64,")
    return kind, np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def _scatter(theme, names=("one", "two")):
    return plots.scatter(RNG.standard_normal((40, 2)), np.arange(40) % 2, class_names=names, theme=theme)


def test_a_figure_is_one_svg_that_says_what_it_shows():
    drawn = inline_figure(_scatter, "codes", 'Points, "two" classes')
    tags = _Tags(drawn.html).found
    assert tags[0][0] == "svg"
    assert tags[0][1]["role"] == "img"
    assert tags[0][1]["aria-label"] == 'Points, "two" classes'
    assert "width" not in tags[0][1]  # the page decides, by the view box
    assert "viewbox" in tags[0][1]
    assert not {"metadata", "style", "script"} & {tag for tag, _ in tags}
    assert 200 < drawn.width < 1000


def test_every_colour_of_the_theme_is_a_variable_that_the_page_defines():
    html = inline_figure(_scatter, "codes", "Points").html
    names = {name for name, _, _ in colour_variables()}
    used = set(re.findall(r"var\((--fig-[0-9a-f]{6})\)", html))
    assert used <= names
    assert {f"--fig-{THEMES['light'].ink[1:]}", f"--fig-{THEMES['light'].classes[1][1:]}"} <= used
    assert not set(re.findall(r"#[0-9a-f]{6}\b", html)) & {light for _, light, _ in colour_variables()}


def test_black_follows_the_theme_although_an_svg_does_not_say_it():
    def draw(theme):
        points = plots.scatter(np.zeros((4, 2)), np.full(4, 6), class_names=["?"] * 6 + ["six"], theme=theme)
        assert THEMES["light"].classes[6] == "#000000"
        return points

    html = inline_figure(draw, "black", "Points").html
    marks = [attributes for tag, attributes in _Tags(html).found if tag == "use" and "stroke" in attributes["style"]]
    # Those that say no fill take the page's, which the style sheet makes follow the theme.
    assert marks
    styles = (files("isthmus.report") / "templates/report.css").read_text()
    assert "fill: var(--fig-000000)" in styles


def test_variables_give_each_theme_its_own_colours():
    found = {light: dark for _, light, dark in colour_variables()}
    assert found[THEMES["light"].ink] == THEMES["dark"].ink
    for one, other in zip(THEMES["light"].classes, THEMES["dark"].classes, strict=True):
        assert found[one] == other


def test_two_figures_on_one_page_share_no_id():
    ids = []
    for name in ("one", "two"):
        html = inline_figure(_scatter, name, "Points").html
        tags = _Tags(html).found
        own = {attributes["id"] for _, attributes in tags if "id" in attributes}
        for place in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html):
            assert "".join(place) in own
        ids.append(own)
    assert not ids[0] & ids[1]


def test_names_in_a_figure_are_text_whatever_they_are():
    wicked = ("<script>alert(1)</script>", "#ffffff")
    html = inline_figure(lambda theme: _scatter(theme, wicked), "codes", "Points").html
    assert "script" not in {tag for tag, _ in _Tags(html).found}
    assert "&lt;script&gt;" in html
    assert ">#ffffff<" in html


def test_text_grows_where_the_figure_has_to_shrink():
    def largest(shown):
        html = inline_figure(_scatter, "codes", "Points", shown=shown).html
        return max(float(size) for size in re.findall(r"font(?:-size)?: (?:bold |700 )?([\d.]+)px", html))

    assert largest(280) > 1.5 * largest(2000)


def test_a_figure_needs_a_plain_name():
    with pytest.raises(UsageError):
        inline_figure(_scatter, 'a"b', "Points")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_small_images_are_kept_exactly(channels):
    image = RNG.integers(0, 256, (9, 7, channels), np.uint8)
    kind, found = _decoded(data_uri(image))
    assert kind == "image/png"
    np.testing.assert_array_equal(found.reshape(image.shape), image)


def test_grey_in_colour_costs_no_more_than_grey():
    grey = RNG.integers(0, 256, (64, 64, 1), np.uint8)
    opaque = np.concatenate([grey.repeat(3, 2), np.full((64, 64, 1), 255, np.uint8)], 2)
    assert data_uri(opaque) == data_uri(grey)


def test_large_images_lose_little_and_become_small():
    y, x = np.mgrid[:300, :300]
    smooth = np.stack([x % 256, y % 256, (x + y) // 3], 2) + RNG.integers(0, 8, (300, 300, 3))
    image = smooth.clip(0, 255).astype(np.uint8)
    kind, found = _decoded(data_uri(image))
    assert kind == "image/webp"
    assert len(data_uri(image)) < LARGE_BYTES * 2
    assert np.abs(found.astype(float) - image).mean() < 6


def test_an_image_says_its_size_and_what_it_is():
    html = inline_image(np.zeros((10, 20, 1), np.uint8), '<b>"', side=100)
    ((tag, attributes),) = _Tags(html).found
    assert tag == "img"
    assert attributes["alt"] == '<b>"'
    assert (attributes["width"], attributes["height"]) == ("100", "50")
    assert attributes["class"] == "pixels"
    assert 'class="smooth"' in inline_image(np.zeros((200, 200, 1), np.uint8), "", side=100)
