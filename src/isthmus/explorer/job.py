"""Jobs in the background: their progress, their result, and stopping them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from isthmus.errors import IsthmusError

Result = TypeVar("Result")


class Stopped(Exception):  # noqa: N818  # not an error
    """The explorer is being stopped, and its jobs with it."""


@dataclass
class BackgroundJob(Generic[Result]):
    """A result that is computed once, in a thread that does not keep the process alive.

    Attributes:
        result: The result; None until then.
        error: Why the job failed, in a sentence; empty if it did not.
        done: The number of steps done.
        total: The number of all steps; 0 while unknown.
    """

    result: Result | None = None
    error: str = ""
    done: int = 0
    total: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, compute: Callable[["BackgroundJob[Result]"], Result]) -> "BackgroundJob[Result]":
        """Start `compute` in a thread; it gets this job to report its progress."""
        self._thread = threading.Thread(target=self._run, args=(compute,), daemon=True)
        self._thread.start()
        return self

    def wait(self, seconds: float | None = None) -> Result | None:
        """Wait until the job is over, at most `seconds`; the result, if there is one."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self.result

    @property
    def is_running(self) -> bool:
        """Whether the job was started and is not over."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Ask the job to end at its next step."""
        self._stop.set()

    def update(self, done: int, note: str = "") -> None:
        """Record the number of steps done, as an `isthmus.progress.Bar` does.

        Raises:
            Stopped: If the job was asked to end.
        """
        self.done = done
        if self._stop.is_set():
            raise Stopped

    def _run(self, compute: Callable[["BackgroundJob[Result]"], Result]) -> None:
        try:
            self.result = compute(self)
        except Stopped:
            self.error = "The explorer was stopped."
        except IsthmusError as error:
            self.error = str(error)
        except Exception as error:  # nobody sees the traceback of a thread, so the page shows this
            self.error = f"It could not be computed: {type(error).__name__}: {error}"
