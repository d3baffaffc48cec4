"""The page as HTML: everything in one file, and no request to any host."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from isthmus.report.elements import colour_variables
from isthmus.report.page import Page


def render(page: Page) -> str:
    """Lay the page out as HTML.

    Text is escaped, unless it is `Markup`.  The page's own policy
    forbids every request, and every script but its own.

    Args:
        page: Its parts.
    """
    script = _own_file("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            page=page,
            style=Markup(_own_file("report.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            colours=colour_variables(),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("isthmus.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _own_file(name: str) -> str:
    return (files("isthmus.report") / "templates" / name).read_text(encoding="utf-8")
