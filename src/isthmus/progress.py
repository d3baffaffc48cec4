"""Progress on standard error: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from isthmus.terminal import printable

if TYPE_CHECKING:
    from rich.progress import Progress

LOG_EVERY_SECONDS = 10.0


class Bar(Protocol):
    """One piece of long work, while it goes on."""

    def update(self, done: int, note: str = "") -> None:
        """Say how much is done, of the total, and what there is to say of it."""


class _Lines:
    """For logs: a line at the start of each interval, and one at the end."""

    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total = title, total
        self._start = time.monotonic()
        self._next = self._start + LOG_EVERY_SECONDS

    def update(self, done: int, note: str = "") -> None:
        now = time.monotonic()
        if now < self._next and (self._total is None or done < self._total):
            return
        self._next = now + LOG_EVERY_SECONDS
        if self._total is None:
            tell(f"{self._title}: {done}, {now - self._start:.0f} s so far{', ' + note if note else ''}")
            return
        ending = f"{now - self._start:.0f} s{'' if done else ' so far'}"
        if 0 < done < self._total:
            ending = f"about {(now - self._start) * (self._total - done) / done:.0f} s left"
        tell(f"{self._title}: {done}/{self._total}, {ending}{', ' + note if note else ''}")


class _RichBar:
    def __init__(self, bars: "Progress", title: str, total: int | None) -> None:
        self._bars = bars
        self._task = bars.add_task(printable(title), total=total, note="")

    def update(self, done: int, note: str = "") -> None:
        self._bars.update(self._task, completed=done, note=printable(note))


def tell(line: str) -> None:
    """Say something on standard error that is neither a result nor an error."""
    print(printable(line), file=sys.stderr, flush=True)


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Bar]:
    """Show how far work of `total` steps (None: nobody knows) has come, and how long the rest will take."""
    if not sys.stderr.isatty():
        yield _Lines(title, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _RichBar(bars, title, total)
