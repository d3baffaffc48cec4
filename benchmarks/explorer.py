"""Measure the speed and the memory of the explorer.

    python benchmarks/explorer.py RUN [--data DATA] [--points N] [--chromium PATH]

Four results, of the server as a separate process, and of the page in headless Chromium if it is installed:

- start: from the command to its address, and to the first decoded image on the page;
- decode: the time of a request for one code, with 8 clients on this machine. Each sends 30 requests per second, as
  dragging does, and then as many as are answered;
- frames: how many the page draws per second while N points are moved and zoomed;
- memory: the peak of the server after all that.
"""

import argparse
import asyncio
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

CLIENTS, SECONDS, A_SECOND = 8, 8.0, 30.0
FRAME_SECONDS = 5.0


@contextmanager
def explorer(*arguments: object) -> Iterator[tuple[str, subprocess.Popen[str], float]]:
    """A running explorer: its address, its process and the seconds until it answered."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "isthmus", "explore", *map(str, arguments), "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            if found is None:
                raise SystemExit(line + process.stderr.read())
            yield found[0], process, time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)


async def client(port: int, codes: np.ndarray[Any, Any], pace: float | None) -> list[float]:
    """Ask over one connection until the time is over: the seconds of each response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    end, times, number = time.perf_counter() + SECONDS, [], 0
    while (began := time.perf_counter()) < end:
        body = codes[number % len(codes)].tobytes()
        head = (
            f"POST /api/decode HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/octet-stream\r\n"
            f"Accept: application/octet-stream\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        response = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", response)
        if b" 200 " not in response.splitlines()[0] or length is None:
            raise SystemExit(response.decode())
        await reader.readexactly(int(length[1]))
        times.append(time.perf_counter() - began)
        number += 1
        if pace is not None:
            await asyncio.sleep(max(0.0, 1 / pace - times[-1]))
    writer.close()
    return times


async def clients(port: int, dim: int, pace: float | None) -> list[float]:
    """All clients at once, each with codes of its own."""
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((CLIENTS, 100, dim)).astype("<f4")
    return [seconds for part in await asyncio.gather(*(client(port, own, pace) for own in codes)) for seconds in part]


def report_times(what: str, times: list[float]) -> None:
    """Print the median, the 95th percentile and the rate."""
    cuts = statistics.quantiles(times, n=100)
    print(
        f"decode, {CLIENTS} clients, {what}: p50 {1e3 * cuts[49]:.1f} ms, p95 {1e3 * cuts[94]:.1f} ms, "
        f"p99 {1e3 * cuts[98]:.1f} ms; {len(times) / SECONDS:.0f} a second"
    )


def measure_start(chromium: str | None, run: Path) -> None:
    """Time the command to its address, and to the first image on the page."""
    if chromium is None:
        with explorer(run) as (_, _, seconds):
            print(f"start: {seconds:.2f} s to the address")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        began = time.perf_counter()
        with explorer(run) as (address, _, seconds):
            page.goto(address, wait_until="commit")
            page.wait_for_function(PAINTED)
            painted = time.perf_counter() - began
        browser.close()
    print(f"start: {seconds:.2f} s to the address, {painted:.2f} s to the first image")


PAINTED = """() => {
    const canvas = document.getElementById("decoded");
    return Boolean(canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean));
}"""
MOVE = """async ([what, milliseconds]) => {
    const stage = document.getElementById("stage");
    const times = [];
    await new Promise((resolve) => {
        const step = (time) => {
            times.push(time);
            const forth = times.length % 40 < 20;
            const how = { bubbles: true, cancelable: true };
            if (what === "zoomed") stage.dispatchEvent(new WheelEvent("wheel", { ...how, deltaY: forth ? 20 : -20 }));
            else {
                const key = forth ? "ArrowLeft" : "ArrowRight";
                stage.dispatchEvent(new KeyboardEvent("keydown", { ...how, key, altKey: true }));
            }
            if (time - times[0] < milliseconds) requestAnimationFrame(step);
            else resolve();
        };
        requestAnimationFrame(step);
    });
    return times;
}"""
"""Asks for another view before each frame, so that each has all points to draw."""


def measure_frames(chromium: str, address: str, points: int) -> None:
    """Count the frames while points are moved and zoomed: a frame that draws late comes late."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(address)
        page.wait_for_function("() => document.querySelector('#facts').textContent.includes('images')", timeout=300_000)
        page.wait_for_selector("#unusual:not([hidden])", timeout=300_000)  # nothing goes on in the background any more
        for what in ("moved", "zoomed"):
            times = page.evaluate(MOVE, [what, 1e3 * FRAME_SECONDS])
            gaps = np.diff(times)
            rate = 1e3 * len(gaps) / (times[-1] - times[0])
            print(f"{points:,} points {what}: {rate:.0f} frames a second, p95 {np.percentile(gaps, 95):.0f} ms a frame")
        browser.close()


def peak_memory(pid: int) -> str:
    """The most memory that a process held, as Linux counts it."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return f"{int(found[1]) / 1024:.0f} MiB" if found else "unknown on this system"


def main() -> None:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", help="images for the points, by default the run's own test images")
    parser.add_argument("--points", type=int, default=50_000)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    asked = parser.parse_args()
    import isthmus

    dim = isthmus.load(asked.run).recipe.latent.dim
    measure_start(asked.chromium, asked.run)
    data = ["--data", asked.data] if asked.data else []
    with explorer(asked.run, *data, "--images", asked.points) as (address, process, _):
        if asked.chromium is None:
            print("no Chromium here, so no frames were counted")
        else:
            measure_frames(asked.chromium, address, asked.points)
        port = int(address.rstrip("/").rpartition(":")[2])
        report_times(f"{A_SECOND:g} requests a second each", asyncio.run(clients(port, dim, A_SECOND)))
        report_times("without pauses", asyncio.run(clients(port, dim, None)))
        print(f"memory: {peak_memory(process.pid)} at the server's peak")


if __name__ == "__main__":
    main()
