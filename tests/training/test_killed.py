"""A training that is killed, for real and again and again, ends as if nothing had happened."""

import csv
import importlib.util
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

STREAMED = {"ISTHMUS_MEMORY": "1000"}  # bytes: the 57,600 of the images do not fit
# 0.9 steps an epoch for each image: enough of them for all kills, each soon after a checkpoint.
RECIPE = {
    "network.filters": "4,8",
    "pixels.binarise": "stochastic",
    "objective.beta_warmup_epochs": 1.5,
    "training.batch_size": 1,
    "training.schedule": "cosine",
    "training.patience": 50,
    "training.checkpoint_seconds": 0.02,
}


def command(backend, epochs, out, *more):
    settings = [part for field, value in RECIPE.items() for part in ("--set", f"{field}={value}")]
    arguments = ["train", "images", "--recipe", "conv-vae", "--epochs", str(epochs), *settings, "--backend", backend]
    return [sys.executable, "-m", "isthmus", *arguments, "--out", out, "--no-report", *more]


def checkpoints(folder):
    return sorted(path.name for path in (folder / "checkpoint").glob("step-*"))


def curves(run):
    """The history without its clock."""
    with (run / "history.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def kill_after_a_new_checkpoint(process, folder, seen):
    """Wait until a checkpoint is there that was not, then kill -9; False if the training ended first."""
    deadline = time.monotonic() + 120
    while process.poll() is None:
        assert time.monotonic() < deadline
        if set(checkpoints(folder)) - seen:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "wanted", "epochs", "images"),
    [
        ("tensorflow", 1, 2, 200),
        pytest.param("tensorflow", 10, 5, 400, marks=pytest.mark.thorough),
        pytest.param("jax", 10, 5, 400, marks=pytest.mark.thorough),
    ],
)
def test_a_killed_training_ends_bit_for_bit_the_same(tmp_path, backend, wanted, epochs, images):
    if importlib.util.find_spec(backend) is None and not os.environ.get("ISTHMUS_REQUIRE_BACKENDS"):
        pytest.skip(f"needs {backend}")
    rng = np.random.default_rng(0)
    for number, image in enumerate(rng.integers(0, 256, (images, 12, 12), np.uint8)):
        path = tmp_path / "images" / f"class-{number % 3}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    whole = subprocess.run(command(backend, epochs, "whole"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stderr

    def environment_of(sitting):
        """Every other sitting reads the images from the packed cache: the order of images is one, whichever way."""
        return {**os.environ, "ISTHMUS_CACHE": str(tmp_path / "cache"), **(STREAMED if sitting % 2 else {})}

    folder = tmp_path / "killed"
    kills, steps = 0, []
    while kills < wanted:
        seen = set(checkpoints(folder)) if folder.exists() else set()
        more = ["--resume"] if seen else []
        environment = environment_of(kills)
        process = subprocess.Popen(
            command(backend, epochs, "killed", *more), cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
        )
        assert kill_after_a_new_checkpoint(process, folder, seen), f"it ended after {kills} kills"
        steps.append(checkpoints(folder)[-1])
        assert len(checkpoints(folder)) <= 3  # two are kept; a third where the kill came before the oldest went
        kills += 1
    done = subprocess.run(
        command(backend, epochs, "killed", "--resume"),
        cwd=tmp_path,
        env=environment_of(kills),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"resuming from step {int(steps[-1].removeprefix('step-').removesuffix('.safetensors'))} " in done.stderr
    assert len(set(steps)) == wanted
    for name in ("weights.safetensors", "codes.safetensors", "metrics.json", "recipe.json"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert curves(folder) == curves(tmp_path / "whole")
