"""What no test may do: write outside the session's temporary folders, or call another machine."""

import os
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address

import matplotlib
import pytest

SECONDS = 3.0
"""A test that takes longer is marked `slow`; the summary lists those that are not."""
_WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Which arguments of an event of Python's are the paths that it changes.
_CHANGES = {
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.utime": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
}
_EVENTS = {"open", "socket.connect", *_CHANGES}


class Guard:
    """An audit hook: notes each write outside of the allowed folders, and stops each call to another machine."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] | None = None
        self.breaches: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in _EVENTS or self.allowed is None:
            return
        if event == "socket.connect":
            self._connect(arguments[1])
        elif event == "open":
            path, mode, flags = arguments
            if set("wax+") & set(mode) if isinstance(mode, str) else isinstance(flags, int) and flags & _WRITING_FLAGS:
                self._write(path)
        elif -1 in arguments or event == "os.truncate":  # else the path is relative to a folder that was opened
            for position in _CHANGES[event]:
                self._write(arguments[position])

    def _write(self, path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  # resolving would follow links
            if not place.startswith(self.allowed) and "/__pycache__/" not in place:
                self.breaches.append(f"wrote {place}")

    def _connect(self, address: object) -> None:
        if isinstance(address, tuple) and not (address[0] == "localhost" or ip_address(address[0]).is_loopback):
            self.breaches.append(f"called {address[0]}")
            raise ConnectionRefusedError(f"a test called {address}")


_guard = Guard()
sys.addaudithook(_guard)


@pytest.fixture(scope="session", autouse=True)
def allowed_folders(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[None]:
    """While tests run, they write in the session's folders alone; what asks for a temporary file gets it there."""
    base = tmp_path_factory.getbasetemp()
    own = base / "temporary"
    own.mkdir()
    caches = (matplotlib.get_cachedir(), str(pytestconfig.rootpath / ".hypothesis"))
    _guard.allowed = (str(base.parent), *caches, "/dev/", "/proc/self/")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(own))
        yield
    _guard.allowed = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Each test starts without the breaches of others."""
    _guard.breaches.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """A test that did what it may not fails, even where the code under test hid the error."""
    outcome = yield
    assert not _guard.breaches, _guard.breaches
    return outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List tests that took long and are not marked so; a machine may have been busy, so they do not fail."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    tests = [report for report in reports if isinstance(report, pytest.TestReport) and report.when == "call"]
    unmarked = [report for report in tests if report.duration > SECONDS and "slow" not in report.keywords]
    if unmarked:
        terminalreporter.section(f"longer than {SECONDS:g} s and not marked slow")
        for report in sorted(unmarked, key=lambda report: -report.duration):
            terminalreporter.write_line(f"{report.duration:.1f}s {report.nodeid}")
