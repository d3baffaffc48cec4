"""The page in one piece: its modules as one script, which a browser also runs from a local file."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

PAGE = files("isthmus.explorer") / "page"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)


def page_file(name: str) -> str:
    """The text of a file of the page."""
    return (PAGE / name).read_text(encoding="utf-8")


def bundle(entry: str) -> str:
    """Bundle a module and its imports in one script; each becomes a constant that holds its exports.

    Browsers do not load modules from local files.  Only what the modules of the page use is supported: imports by name
    from one another, and exports of functions, classes and constants.

    Args:
        entry: The module's name, without its suffix.

    Returns:
        A script, strict as modules are; the last constant is `$entry`.

    Raises:
        ValueError: If a module imports or exports in another way, or imports are circular.
    """
    done: dict[str, str] = {}
    _add(entry, done, ())
    return '"use strict";\n' + "".join(done.values())


def _add(name: str, done: dict[str, str], above: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in above:
        raise ValueError(f"modules import each other in a circle: {' > '.join((*above, name))}")
    source = page_file(f"{name}.js")
    for _, other in _IMPORT.findall(source):
        _add(other, done, (*above, name))
    body = _IMPORT.sub(lambda found: f"const {{{found[1].replace(' as ', ': ')}}} = ${found[2]};\n", source)
    exported = _EXPORT.findall(body)
    body = _EXPORT.sub("", body)
    if strange := re.search(r"^(?:import|export)\b.*", body, re.MULTILINE):
        raise ValueError(f"{name}.js: expected imports and exports by name; got {strange[0]!r}")
    done[name] = f"\nconst ${name} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();\n"


def one_file(data: Mapping[str, Any]) -> str:
    """The page with its style, script and data as one HTML file that makes no requests.

    Args:
        data: The data of `local_model.js`.
    """
    script = f"{bundle('local_main')}\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    # The browser enforces that nothing is fetched and no other script runs.
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    icon = base64.b64encode(page_file("icon.svg").encode()).decode("ascii")
    # "<" could end the element of the data.
    shown = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    page = page_file("index.html")
    for there, instead in (
        ('<link rel="icon" href="icon.svg">', f'<link rel="icon" href="data:image/svg+xml;base64,{icon}">'),
        ('<link rel="stylesheet" href="style.css">', f"<style>\n{page_file('style.css')}</style>"),
        ('<script type="module" src="main.js"></script>\n', ""),
        (
            '<meta charset="utf-8">',
            f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">',
        ),
        ("</body>", f'<script type="application/json" id="run">{shown}</script>\n<script>{script}</script>\n</body>'),
    ):
        if page.count(there) != 1:
            raise ValueError(f"index.html: expected {there!r} once; got it {page.count(there)} times")
        page = page.replace(there, instead)
    return page
