"""Measure the time of commands that do not train.

    python benchmarks/startup.py RUN

Times `isthmus --help`, `isthmus sample RUN` and `isthmus reconstruct RUN FOLDER` (16 images) as whole processes, and
`import keras` for comparison, which none of them does.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import isthmus
from isthmus.plots import save_each

REPEATS = 5


def seconds(command: Callable[[int], list[object]]) -> float:
    """The median over some runs; the command is told the number of the run, to name its output by."""
    times = []
    for number in range(REPEATS):
        start = time.perf_counter()
        subprocess.run([*map(str, command(number))], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Read the command line, and time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run.resolve()
    images = isthmus.load(run).sample(16)
    command = [sys.executable, "-m", "isthmus"]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        save_each(images, [f"{number:02}" for number in range(16)], out / "images")
        for name, make in {
            "isthmus --help": lambda number: [*command, "--help"],
            "isthmus sample RUN": lambda number: [*command, "sample", run, "--out", out / f"{number}.png"],
            "isthmus reconstruct RUN FOLDER": lambda number: [
                *(*command, "reconstruct", run, out / "images", "--out"),
                out / f"reconstructions-{number}",
            ],
            "import keras": lambda number: [sys.executable, "-c", "import keras"],
        }.items():
            print(f"{name}: {seconds(make):.2f} s")


if __name__ == "__main__":
    main()
