"""Check that memory stays constant: train on 200,000 images of 64x64 and on 2,000, each in a separate process.

    python benchmarks/streaming.py [--folder PLACE] [--many 200000] [--few 2000]

The images are made once, as JPEG files in two tar archives (about 300 MB). Packing them takes 2.5 GB of the cache.
Prints for each the peak of the process's own memory while packing and while training. This is RssAnon, which excludes
mapped files and the page cache. Also prints the time to make batches as a share of the training, an upper bound of the
time that steps wait for them. Linux only.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

SIDE = 64
CHANGES = {
    "network.filters": [8, 16, 32],
    "network.stem_filters": 32,
    "latent.dim": 16,
    "training.epochs": 1,
    "training.batch_size": 128,
}


def draw(count: int, place: Path) -> None:
    """Write an archive of so many soft blobs in colour."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    grid = np.arange(SIDE) / SIDE
    with tarfile.open(place, "w") as archive:
        for number in range(count):
            centres, widths = rng.random((3, 2, 3)), rng.uniform(0.1, 0.5, (3, 3))
            rows = np.exp(-(((grid[:, None, None] - centres[:, 0]) / widths) ** 2))
            columns = np.exp(-(((grid[:, None, None] - centres[:, 1]) / widths) ** 2))
            pixels = np.einsum("ybc,xbc->yxc", rows, columns).clip(0, 1) * 255
            content = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(content, "JPEG")
            member = tarfile.TarInfo(f"blobs/{number:06d}.jpg")
            member.size = content.tell()
            content.seek(0)
            archive.addfile(member, content)


def peak_of(arguments: list[str]) -> dict[str, float]:
    """Run this script in another process, and watch its memory: what it says, and `peak_mb`."""
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = max(peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")))
            except (OSError, TypeError):
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    answer = process.communicate()[0]
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{arguments} failed")
    return {**json.loads(answer.splitlines()[-1]), "peak_mb": peak / 1024}


def pack(place: str) -> None:
    """Open an archive, which packs it."""
    from isthmus.data import open_images

    started = time.perf_counter()
    images = open_images(place)
    print(json.dumps({"images": len(images.train), "seconds": time.perf_counter() - started}))


def train(place: str, out: str) -> None:
    """Train a small network for one epoch, and clock the making of batches."""
    import isthmus
    from isthmus.data import TrainingBatches

    spent, steps, make = 0.0, 0, TrainingBatches.batch

    def clocked(self: TrainingBatches, step: int) -> object:
        nonlocal spent, steps
        started = time.perf_counter()
        batch = make(self, step)
        spent, steps = spent + time.perf_counter() - started, steps + 1
        return batch

    TrainingBatches.batch = clocked  # type: ignore[method-assign,assignment]
    run = isthmus.train(place, "conv-vae-colour", out, changes=CHANGES)
    assert run.manifest.training is not None
    seconds = run.manifest.training.seconds
    print(json.dumps({"seconds": seconds, "batch_ms": 1e3 * spent / steps, "data_share": spent / seconds}))


def main() -> None:
    """Make the images, pack, train, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("streaming"))
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--few", type=int, default=2_000)
    parser.add_argument("--pack", help=argparse.SUPPRESS)
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pack:
        return pack(options.pack)
    if options.train:
        return train(*options.train)
    options.folder.mkdir(parents=True, exist_ok=True)
    peaks = {}
    for count in (options.few, options.many):
        place = options.folder / f"blobs-{count}.tar"
        if not place.exists():
            part = place.with_suffix(".part")
            draw(count, part)
            part.replace(place)
        out = options.folder / f"run-{count}-{os.getpid()}"
        packed, trained = peak_of(["--pack", str(place)]), peak_of(["--train", str(place), str(out)])
        peaks[count] = trained["peak_mb"]
        print(
            f"{count:,} images: opened in {packed['seconds']:.0f} s at a peak of {packed['peak_mb']:.0f} MB; "
            "trained "
            f"{trained['seconds']:.0f} s at a peak of {trained['peak_mb']:.0f} MB; a batch takes "
            f"{trained['batch_ms']:.2f} ms, {trained['data_share']:.1%} of the training",
            flush=True,
        )
    print(f"the difference is {peaks[options.many] - peaks[options.few]:.0f} MB")
    return None


if __name__ == "__main__":
    main()
