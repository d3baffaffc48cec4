import json
import re
from html.parser import HTMLParser

import pytest

from isthmus.explorer.export.bundle import PAGE, bundle, one_file

FILES = {
    "main.js": 'import { double as twice,\n  half } from "./numbers.js";\nimport { name } from "./words.js";\n'
    "export const answer = () => `${name} ${twice(3) + half(4)}`;\n",
    "numbers.js": 'import { one } from "./words.js";\nexport function double(x) {\n  return 2 * x * one;\n}\n'
    "export async function half(x) {\n  return x / 2;\n}\n",
    "words.js": 'export const name = "import { x } from";\nexport const one = 1;\nexport class Word {}\n',
}


@pytest.fixture
def page(monkeypatch):
    files = dict(FILES)
    monkeypatch.setattr("isthmus.explorer.export.bundle.page_file", files.__getitem__)
    return files


def test_each_module_comes_once_and_after_those_that_it_needs(page):
    script = bundle("main")
    assert re.findall(r"^const \$(\w+) =", script, re.MULTILINE) == ["words", "numbers", "main"]
    assert "const { double: twice,\n  half } = $numbers;" in script
    assert "return { double, half };" in script
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    ['import all from "./words.js";', 'import * as all from "./words.js";', "export default 3;", "export let x;"],
)
def test_what_it_does_not_understand_it_refuses(page, line):
    page["numbers.js"] += f"{line}\n"
    with pytest.raises(ValueError, match=r"numbers.js: expected imports and exports by name"):
        bundle("main")


def test_modules_in_a_circle_are_refused(page):
    page["words.js"] += 'import { answer } from "./main.js";\n'
    with pytest.raises(ValueError, match="circle: main > numbers > words > main"):
        bundle("main")


def test_the_page_s_own_modules_are_all_in_it_but_those_of_the_server():
    script = bundle("local_main")
    there = set(re.findall(r"^const \$(\w+) =", script, re.MULTILINE))
    every = {file.name.removesuffix(".js") for file in PAGE.iterdir() if file.name.endswith(".js")}
    assert every - there == {"main", "server_model"}
    assert "</script" not in script
    assert not re.search(r"(?<![\w.])fetch\(", script)


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text of its scripts."""

    def __init__(self, page):
        super().__init__()
        self.found, self.scripts, self.inside = [], [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.inside = tag == "script"
        self.scripts += [""] * self.inside

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


def test_the_file_refers_to_nothing_outside_it():
    shown = {"names": ["</script><script>alert(1)</script>", "<!--", "ü & “", "\u2028"]}
    elements = Elements(one_file(shown))
    for tag, attributes in elements.found:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:")), tag
    data, script = elements.scripts
    assert json.loads(data) == shown
    assert script.startswith('"use strict";')
    policy = next(a["content"] for t, a in elements.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy
