"""Work in the background: how far it is, what came of it, and stopping it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from isthmus.errors import IsthmusError

Result = TypeVar("Result")


class Stopped(Exception):  # noqa: N818  # nothing went wrong
    """The explorer is being stopped, and work in the background with it."""


@dataclass
class Work(Generic[Result]):
    """Something that is computed once, in a thread that does not keep the process alive.

    Attributes:
        result: What came of it; None before that.
        fault: Why nothing will come of it, in a sentence; empty if nothing went wrong.
        done: The steps taken.
        total: The steps there are; 0 while that is not known.
    """

    result: Result | None = None
    fault: str = ""
    done: int = 0
    total: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, compute: Callable[["Work[Result]"], Result]) -> "Work[Result]":
        """Begin; `compute` is given this, to say how far it is."""
        self._thread = threading.Thread(target=self._run, args=(compute,), daemon=True)
        self._thread.start()
        return self

    def wait(self, seconds: float | None = None) -> Result | None:
        """Wait until it is over, if it was begun, or for so long; what came of it so far."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self.result

    @property
    def goes_on(self) -> bool:
        """Whether it was begun and is not over."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end at its next step."""
        self._stop.set()

    def update(self, done: int, note: str = "") -> None:
        """Count the steps taken, as an `isthmus.progress.Bar` does.

        Raises:
            Stopped: If it was asked to end.
        """
        self.done = done
        if self._stop.is_set():
            raise Stopped

    def _run(self, compute: Callable[["Work[Result]"], Result]) -> None:
        try:
            self.result = compute(self)
        except Stopped:
            self.fault = "The explorer was stopped."
        except IsthmusError as error:
            self.fault = str(error)
        except Exception as error:  # whoever waits for it must hear of it: nobody else will
            self.fault = f"It could not be computed: {type(error).__name__}: {error}"
