import os
import re
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

BROUGHT = """
import json, sys
sys.argv = ["isthmus", "explore", sys.argv[1], "--no-browser", "--port", "0"]
import isthmus.explorer.server.runner as server
def serve(service, listener, token, ready):
    ready()
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
    return True
server.serve = serve
from isthmus.cli import main
main()
"""

STUCK = """
import sys, threading
sys.argv = ["isthmus", "explore", sys.argv[1], "--no-browser", "--port", "0"]
import numpy as np
import isthmus.explorer.server.runner as server
def serve(service, listener, token, ready):
    begun = threading.Event()
    def work():
        image = np.zeros((500, *service.run.image.shape), np.uint8)
        while True:
            service.run.encode(image)
            begun.set()
    threading.Thread(target=work, daemon=True).start()
    begun.wait()
    return service.stop(0.0) and False
server.serve = serve
from isthmus.cli import main
main()
"""


@pytest.fixture
def exploring(tmp_path):
    """Start `isthmus explore` and give its process, its address and the line that says it; ends what is left."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "isthmus", "explore", *map(str, arguments), "--no-browser", "--port", "0"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        line = process.stderr.readline()
        return process, re.search(r"http://\S+", line)[0], line

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_stops_when_told_to(exploring, tiny_run, number):
    process, address, line = exploring(tiny_run.path)
    assert line.startswith("isthmus: exploring")
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert b"<title>isthmus explore</title>" in answer.read()
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert out == ""
    if number == signal.SIGINT:
        assert process.returncode == 0
        assert errors.endswith("isthmus: stopped.\n")


def test_it_stops_in_the_midst_of_encoding(exploring, tiny_run, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (60_000, 12, 10, 1)).astype(np.uint8)
    np.save(tmp_path / "many.npy", images)
    process, _, _ = exploring(tiny_run.path, "--data", tmp_path / "many.npy", "--images", 60_000)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_work_that_cannot_be_ended_does_not_abort_the_process(tiny_run):
    done = subprocess.run(
        [sys.executable, "-c", STUCK, str(tiny_run.path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "isthmus: stopped.\n")


def test_others_get_a_token_to_come_in_by(exploring, tiny_run):
    _, address, _ = exploring(tiny_run.path, "--host", "0.0.0.0")
    port, token = re.search(r":(\d+)/\?token=(\S+)", address).groups()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/describe", timeout=30)
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/describe", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.status == 200


def test_what_cannot_be_is_said(isthmus, tiny_run):
    assert "there is no run at nowhere" in isthmus("explore", "nowhere", "--no-browser").stderr
    done = isthmus("explore", tiny_run.path, "--no-browser", "--token", "short")
    assert done.returncode == 2
    assert "8 or more" in done.stderr
    done = isthmus("explore", tiny_run.path, "--no-browser", "--host", "no-such-host.invalid")
    assert done.returncode == 2
    assert "cannot listen" in done.stderr


def test_it_starts_without_what_it_does_not_need_yet(tiny_run):
    done = subprocess.run(
        [sys.executable, "-c", BROUGHT, str(tiny_run.path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    import json

    brought = set(json.loads(done.stdout))
    assert not brought & {"keras", "tensorflow", "jax", "torch", "sklearn", "matplotlib", "umap", "skimage"}


def test_it_writes_a_page_and_says_its_size(isthmus, tiny_run, bars, tmp_path):
    np.savez(tmp_path / "bars.npz", images=bars[0], labels=bars[1])
    asked = ("explore", tiny_run.path, "--data", "bars.npz", "--export", "page.html")
    done = isthmus(*asked)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"page\.html: \d+(\.\d+)? KiB, \d+ images\. Open it with a browser\.\n", done.stdout)
    assert (tmp_path / "page.html").stat().st_size > 50_000
    again = isthmus(*asked)
    assert again.returncode == 2
    assert "page.html exists already" in again.stderr


@pytest.mark.parametrize(
    ("options", "idle"),
    [
        (("--port", "0"), "--port"),
        (("--host", "127.0.0.1"), "--host"),
        (("--token", "long-enough", "--host", "0.0.0.0"), "--host and --token"),
    ],
)
def test_what_a_file_has_no_use_for_is_refused(isthmus, tiny_run, tmp_path, options, idle):
    done = isthmus("explore", tiny_run.path, "--export", "page.html", *options)
    assert done.returncode == 2
    assert f"--export excludes {idle}: the file that it writes needs no server" in " ".join(done.stderr.split())
    assert not list(tmp_path.iterdir())
