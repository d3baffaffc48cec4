"""Output of all commands: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from isthmus.terminal import printable, printable_json

_NO_WIDTH = 1_000_000
"""The width of a table in a file or a pipe: more than any line has."""


def out() -> Console:
    """The console for results."""
    return Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a line of a result."""
    out().print(printable(text), markup=False, emoji=False)


def print_json(value: Any) -> None:
    """Print one JSON object, and nothing else, on standard output."""
    text = printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    sys.stdout.write(text + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """Print rows of text; on a terminal the last column wraps, elsewhere each row is one line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, no_wrap=i < len(columns) - 1, overflow="fold")
    for row in rows:
        # As `Text`, rich takes no `[name]` for markup; with its end of line, a name would forge a row.
        table.add_row(*(Text(printable(cell).replace("\n", r"\n")) for cell in row))
    if title is not None:
        say(title)
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    console.width = _NO_WIDTH
    with console.capture() as printed:
        console.print(table)
    say("\n".join(line.rstrip() for line in printed.get().splitlines()))
