"""Measure the time of the plots of a run: a 20x20 manifold, decoded and drawn, and the whole report.

    python benchmarks/plots.py RUN [DATA]

RUN has two latent dimensions; DATA are images, if not the run's own test images. Prints the median and the longest of
several measurements. The exit status is 1 if a median exceeds its limit, on two cores: 2 s for the manifold, 20 s for
the report in a separate process.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MANIFOLD_SECONDS, REPORT_SECONDS, PAGE_BYTES = 2.0, 20.0, 3_000_000


def timed(work: Callable[[], object], times: int) -> list[float]:
    """Seconds that `work` takes, `times` times over."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return taken


def manifold(place: Path, folder: Path) -> None:
    """Decode and draw the manifold, and write it; the graphs are opened anew, as a command would."""
    from isthmus.plots import save_figure
    from isthmus.runs import load
    from isthmus.workflows.plot import draw

    save_figure(draw(load(place), "manifold", n=20).figure, folder / "manifold.png")


def report(place: Path, data: str | None, folder: Path) -> int:
    """Make the report as a user does; its size in bytes."""
    out = folder / f"{time.monotonic_ns()}.html"
    options = ["--data", data] if data else []
    subprocess.run(
        [sys.executable, "-m", "isthmus", "report", place, "--out", out, *options],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return out.stat().st_size


def main() -> int:
    """Measure, print, and say whether all is within its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", nargs="?")
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        manifold(asked.run, folder)  # imports, once
        figures = {
            "manifold 20x20": (timed(lambda: manifold(asked.run, folder), asked.times), MANIFOLD_SECONDS),
            "report": (timed(lambda: report(asked.run, asked.data, folder), max(1, asked.times // 2)), REPORT_SECONDS),
        }
        size = max(path.stat().st_size for path in folder.glob("*.html"))
    within = size <= PAGE_BYTES
    for name, (seconds, limit) in figures.items():
        median = statistics.median(seconds)
        within &= median <= limit
        print(f"{name}: median {median:.2f} s, longest {max(seconds):.2f} s; limit {limit:g} s")
    print(f"report: {size / 1e6:.2f} MB; limit {PAGE_BYTES / 1e6:g} MB")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
