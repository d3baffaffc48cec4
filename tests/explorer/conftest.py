"""The explorer, served from a thread, and what asks it."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import isthmus
from isthmus.explorer.limits import Limits
from isthmus.explorer.server.listener import bind
from isthmus.explorer.server.runner import server
from isthmus.explorer.service import Service
from isthmus.recipes import with_fields


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Explorer:
    """A served run, and one request to it at a time."""

    service: Service
    port: int

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, path, body=None, headers=None, method=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
            if isinstance(body, dict | list):
                body = json.dumps(body).encode()
                sent.setdefault("Content-Type", "application/json")
            connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def finish():
    """Runs a coroutine to its end, in a thread of its own: the browser's loop may be running in this one."""

    def run(coroutine):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, coroutine).result()

    return run


@contextlib.contextmanager
def _serving(service, token=None, background=True):
    listener = bind("127.0.0.1", 0)
    started = threading.Event()
    running = server(service, listener, token, started.set)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener.socket]}, daemon=True)
    if background:
        service.start()
    thread.start()
    assert started.wait(30)
    try:
        yield Explorer(service, listener.port)
    finally:
        service.stop()
        running.should_exit = True
        thread.join(10)
        listener.socket.close()


@pytest.fixture(scope="session")
def serving():
    return _serving


@pytest.fixture(scope="session")
def wait_for():
    """Wait until something holds."""

    def wait(holds, seconds=60.0):
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def others(bars):
    """The bars the other way round: not what the runs were trained on, so that nothing is kept aside of them."""
    images, labels = bars
    return images[::-1].copy(), labels[::-1].copy()


@pytest.fixture(scope="session")
def stochastic_run(tiny_recipe, bars, tmp_path_factory):
    """A run whose pixels were drawn black or white."""
    recipe = with_fields(tiny_recipe, {"pixels.binarise": "stochastic", "training.epochs": 1})
    return isthmus.train(bars, recipe, tmp_path_factory.mktemp("stochastic") / "run", report=False)


@pytest.fixture(scope="session")
def service(tiny_run, others, wait_for):
    """A service whose points and distortions are all there."""
    made = Service(tiny_run, others, limits=Limits(batch=256, body_bytes=1 << 20))
    made.start()
    wait_for(lambda: made.distortions.result is not None or made.distortions.error)
    assert not made.distortions.error
    return made


@pytest.fixture(scope="session")
def explorer(service, serving):
    with serving(service, background=False) as served:
        yield served


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, as Playwright drives it; skips where there is none."""
    path = os.environ.get("ISTHMUS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
