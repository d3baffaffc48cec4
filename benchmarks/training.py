"""Measure the speed and quality of isthmus training the tutorial's network on MNIST, beside a plain TensorFlow loop.

    ISTHMUS_DATA=DIR python benchmarks/training.py throughput   # seconds per epoch of isthmus and the loop, in pairs
    ISTHMUS_DATA=DIR python benchmarks/training.py fast         # conv-vae-fast, three seeds, against ten plain epochs
    ISTHMUS_DATA=DIR python benchmarks/training.py recipes      # every recipe on MNIST: metrics and time
    ISTHMUS_DATA=DIR python benchmarks/training.py recipes conv-vae conv-vae-best

DIR holds `mnist/` with its four IDX files. Each training is a separate process. The speed of a machine varies, so
measurements alternate, and only ratios are comparable.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TUTORIAL_EPOCHS = 10


def plain_loop(*options: object) -> dict[str, Any]:
    """Train by the plain loop; its printed JSON object."""
    mnist = Path(os.environ["ISTHMUS_DATA"]) / "mnist"
    files = ["--images", mnist / "train-images-idx3-ubyte.gz", "--test", mnist / "t10k-images-idx3-ubyte.gz"]
    command = [sys.executable, HERE / "plain_loop.py", *files, *options]
    done = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return dict(json.loads(done.stdout))


def isthmus(recipe: str, *options: object, data: str = "mnist") -> dict[str, Any]:
    """Train by isthmus; its printed JSON object, with the seconds of each epoch."""
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        command = [sys.executable, "-m", "isthmus", "train", data, "--recipe", recipe, "--out", run, "--json", *options]
        done = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with (run / "history.csv").open() as file:
            marks = [0.0, *(float(row["seconds"]) for row in csv.DictReader(file))]
    seconds = [after - before for before, after in pairwise(marks)]
    return {**json.loads(done.stdout), "epoch_seconds": seconds}


def throughput(pairs: int) -> None:
    """Time second epochs in turns: the first compiles."""
    ratios = []
    for batch_size in (32, 128):
        for _ in range(pairs):
            baseline = plain_loop("--epochs", 2, "--batch-size", batch_size)["epoch_seconds"][1]
            settings = (f"training.batch_size={batch_size}", "training.validation_fraction=0")
            flags = [part for setting in settings for part in ("--set", setting)]
            ours = isthmus("conv-vae", "--epochs", 2, *flags)["epoch_seconds"][1]
            ratios.append(baseline / ours)
            print(f"batch {batch_size}: plain {baseline:.2f} s, isthmus {ours:.2f} s, ratio {ratios[-1]:.3f}")
    print(f"median throughput ratio: {statistics.median(ratios):.3f}")


def fast(seeds: int) -> None:
    """The fast recipe's bound and time, against ten epochs of the plain loop timed by two beside each."""
    elbos, ratios = [], []
    for seed in range(seeds):
        baseline = TUTORIAL_EPOCHS * statistics.mean(plain_loop("--epochs", 2)["epoch_seconds"])
        ours = isthmus("conv-vae-fast", "--seed", seed)
        elbos.append(ours["metrics"]["elbo_nats"]["mean"])
        ratios.append(baseline / ours["training"]["seconds"])
        print(
            f"seed {seed}: test ELBO {elbos[-1]:.2f} nats in {ours['training']['seconds']:.1f} s; "
            f"ten plain epochs {baseline:.1f} s, {ratios[-1]:.1f} times as long"
        )
    print(f"mean test ELBO {statistics.mean(elbos):.2f}; median time ratio 1/{statistics.median(ratios):.1f}")


def recipes(names: list[str]) -> None:
    """Train recipes on MNIST, and print their metrics on its test images."""
    chosen = names or ["dense-ae", "conv-ae", "upsample-ae", "dense-vae", "conv-vae", "conv-vae-fast", "conv-vae-best"]
    for name in chosen:
        answer = isthmus(name)
        figures = {
            key: f"{value['mean']:.5g} ± {value['standard_error']:.2g}"
            for key, value in answer["metrics"].items()
            if isinstance(value, dict)
        }
        training = answer["training"]
        taken = f"{training['epochs']} epochs, best {training['best_epoch']}, {training['seconds']:.0f} s"
        print(f"{name}: {taken}: {figures}")


def main() -> None:
    """Run one part."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("throughput", "fast", "recipes"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if "ISTHMUS_DATA" not in os.environ:
        parser.error("set ISTHMUS_DATA to a folder that holds mnist/")
    if options.part == "throughput":
        throughput(options.repeats)
    elif options.part == "fast":
        fast(options.repeats)
    else:
        recipes(options.names)


if __name__ == "__main__":
    main()
